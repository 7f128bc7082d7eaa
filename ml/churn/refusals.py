"""Why a family may not be champion: not calibrated, a suspected leak, no better."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from sklearn.metrics import roc_auc_score

from ml.calibration import CalibrationCheck
from ml.churn.budget import Effort
from ml.churn.evaluation import Judgement, paired_auc_difference
from ml.churn.protocol import ChurnProtocol
from ml.churn.validation import Validated
from ml.features import LabelledMatrix
from ml.registry import SUSPECTED


def find_slope_refusals(check: CalibrationCheck, protocol: ChurnProtocol) -> list[str]:
    """Why a fit may not score for want of calibration, if so.

    Args:
        check: of its cross-validated probabilities, recalibrated where they asked for it, each fold
            by what the others say.
        protocol: the slopes that are allowed.
    """
    if math.isnan(check.slope):
        return ["gives everybody the same probability, so it tells nobody apart"]
    is_below = check.slope_upper < protocol.least_calibration_slope
    if not is_below and not check.slope_lower > protocol.most_calibration_slope:
        return []
    return [
        f"not calibrated: slope {check.slope:.2f} ({check.slope_lower:.2f} to "
        f"{check.slope_upper:.2f}), expected within {protocol.least_calibration_slope:g} to "
        f"{protocol.most_calibration_slope:g}"
    ]


def find_suspicion(where: str, auc: float, rows: LabelledMatrix, most_plausible: float) -> str:
    """Why a figure is too good to be true, with the feature that gives it away; empty if it is not.

    Args:
        where: what the figure was taken on, such as ``on the test date``.
        auc: area under the ROC curve.
        rows: on which it was taken.
        most_plausible: the upper bound of what honest features give.

    Example:
        >>> from ml.features import FeatureMatrix
        >>> matrix = FeatureMatrix(("a",), np.array([[1.0], [2.0], [3.0]]))
        >>> rows = LabelledMatrix(matrix, np.array([True, False, False]), np.arange(3))
        >>> find_suspicion("on the test date", 0.7, rows, 0.75)
        ''
        >>> find_suspicion("on the test date", 0.9, rows, 0.75)[:45]
        'suspected leak: ROC AUC 0.9000 on the test da'
    """
    if auc <= most_plausible:
        return ""
    suspect, alone = find_suspect(rows)
    return (
        f"{SUSPECTED}: ROC AUC {auc:.4f} {where}, expected at most {most_plausible:g}; "
        f"{suspect!r} alone has {alone:.4f}"
    )


def find_suspect(test: LabelledMatrix) -> tuple[str, float]:
    """The feature that ranks returning customers best alone, either way round, and its AUC.

    A missing value ranks below all others.

    Example:
        >>> from ml.features import FeatureMatrix
        >>> matrix = FeatureMatrix(("a", "b"), np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))
        >>> find_suspect(LabelledMatrix(matrix, np.array([True, False, False]), np.arange(3)))
        ('a', 1.0)
    """
    areas = []
    for index, name in enumerate(test.matrix.feature_names):
        column = test.matrix.values[:, index]
        filled = np.where(np.isnan(column), np.nanmin(column, initial=0.0) - 1.0, column)
        auc = float(roc_auc_score(test.is_returning, np.clip(filled, -1e300, 1e300)))
        areas.append((max(auc, 1 - auc), name))
    auc, name = max(areas)
    return name, auc


def find_opaque_refusals(
    validated: Mapping[str, Validated], train: LabelledMatrix, effort: Effort, *, seed: int
) -> dict[str, str]:
    """Why families whose scores cannot be read may not be champion, by name.

    One that does not explain itself must rank significantly better, in cross-validation, than the
    best that does; else the plainer one is preferred.
    """
    plain = {
        name: validation
        for name, validation in validated.items()
        if validation.family.explains_itself
    }
    if not plain:
        return {}
    best = max(sorted(plain), key=lambda name: plain[name].roc_auc)
    refusals = {}
    for name, validation in validated.items():
        if validation.family.explains_itself:
            continue
        difference, lower, upper = paired_auc_difference(
            train.is_returning,
            validation.probability,
            plain[best].probability,
            groups=train.person_numbers,
            resample_count=effort.resample_count,
            seed=seed,
        )
        if lower is None or upper is None or not lower > 0:
            band = "" if lower is None or upper is None else f" ({lower:.4f} to {upper:.4f})"
            refusals[name] = (
                f"does not rank significantly better than {best}, whose scores explain themselves: "
                f"cross-validated ROC AUC {difference:+.4f}{band}"
            )
    return refusals


def find_test_suspicion(judgement: Judgement, test: LabelledMatrix, protocol: ChurnProtocol) -> str:
    """Why the ROC AUC of a test is too good to be true; empty if it is not.

    Where the protocol has a most plausible gain, the best baseline of the test bounds it, too.
    """
    (roc_auc,) = [metric for metric in judgement.metrics if metric.metric_name == "roc_auc"]
    where, bound = "on the test date", protocol.most_plausible_roc_auc
    gain = protocol.most_plausible_roc_auc_gain
    if gain is not None and roc_auc.baseline_value is not None:
        by_baseline = roc_auc.baseline_value + gain
        if by_baseline < bound:
            where = (
                f"on the test date, where {roc_auc.baseline_name} has {roc_auc.baseline_value:.4f}"
            )
            bound = by_baseline
    return find_suspicion(where, roc_auc.metric_value, test, bound)

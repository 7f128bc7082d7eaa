"""Churn models from protocol to verdict: fitted on the past, chosen by folds, judged later.

Families are ranked by cross-validation on the training dates, so the test date stays unseen by the
choice, and what the test says of the champion is no winner's luck. After it is judged, the same
recipe is fitted again on all complete dates; these are the parameters that score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ml.calibration import check_calibration
from ml.churn.baselines import Baselines
from ml.churn.budget import Effort
from ml.churn.families import FAMILIES
from ml.churn.judging import JudgedFamily, judge_probability
from ml.churn.protocol import ChurnProtocol
from ml.churn.refusals import (
    find_opaque_refusals,
    find_slope_refusals,
    find_suspicion,
    find_test_suspicion,
)
from ml.churn.validation import Validated, validate_family
from ml.features import FeatureRule, LabelledMatrix
from ml.figures import Metric


def study_families(
    train: LabelledMatrix,
    test: LabelledMatrix,
    everything: LabelledMatrix,
    rules: Sequence[FeatureRule],
    baselines: Baselines,
    protocol: ChurnProtocol,
    effort: Effort,
    *,
    recalibration: str = "sigmoid",
    seed: int,
    progress: Callable[[str], None] = lambda _said: None,
) -> list[JudgedFamily]:
    """Validate, judge and fit every family.

    One with a figure that is too good to be true is judged like the others, since people will want
    to see its figures, and may not score.

    Args:
        train: rows of the training dates.
        test: rows of the later test date.
        everything: rows of all complete dates, for the fits that score.
        rules: features that models use.
        baselines: baselines at the test date.
        protocol: what is held to.
        effort: what it may cost.
        recalibration: how to mend what is not calibrated, ``sigmoid`` or ``isotonic``.
        seed: of folds, fits and resamples.
        progress: told what was done, three times per family.
    """
    validate = partial(
        validate_family, rules=rules, effort=effort, recalibration=recalibration, seed=seed
    )
    bound = protocol.most_plausible_roc_auc
    validated: dict[str, Validated] = {}
    suspicions: dict[str, str] = {}
    for name, family in FAMILIES.items():
        validated[name] = validate(family, train)
        auc = validated[name].roc_auc
        suspicions[name] = find_suspicion("in cross-validation", auc, train, bound)
        progress(f"{name}: cross-validated ROC AUC {auc:.4f}")
    base_rate = float(train.is_returning.mean())
    judged = []
    for name, each in validated.items():
        model = each.family.fit(train.matrix, train.is_returning, rules, effort, seed)
        probability = each.calibration.apply(each.family.predict(model, test.matrix))
        judgement = judge_probability(
            probability, test, baselines.scores, baselines.probabilities, protocol, effort,
            train_base_rate=base_rate, seed=seed,
        )  # fmt: skip
        suspicions[name] = suspicions[name] or find_test_suspicion(judgement, test, protocol)
        progress(f"{name}: judged")
        judged.append((name, each, judgement))
    found = []
    for name, each, judgement in judged:
        why_not = [suspicions[name]] if suspicions[name] else []
        if not why_not and not each.family.explains_itself:
            # Held against the honest ones; those that explain themselves come first.
            rivals = {
                other: rival
                for other, rival in validated.items()
                if rival.family.explains_itself and not suspicions[other]
            }
            opaque = find_opaque_refusals({**rivals, name: each}, train, effort, seed=seed)
            why_not = [*opaque.values()]
        calibration, fit_metrics = each.calibration, []
        if not why_not:
            # More rows, less shrinkage: what may score is recalibrated on its own folds.
            folded = validate(each.family, everything)
            suspicions[name] = find_suspicion(
                "of the fit that would score, by folds", folded.roc_auc, everything, bound
            )
            calibration = folded.calibration
            recalibrated = calibration.apply(folded.probability)
            check = check_calibration(
                everything.is_returning,
                # One probability for everybody differs a little between folds, which says nothing.
                folded.calibrated if np.ptp(recalibrated) > 0 else recalibrated,
                person_numbers=everything.person_numbers,
            )
            if suspicions[name]:
                why_not = [suspicions[name]]
                fit_metrics.append(Metric("fit", "roc_auc", folded.roc_auc))
            else:
                why_not = find_slope_refusals(check, protocol)
            if not math.isnan(check.slope):
                fit_metrics.append(
                    Metric(
                        "fit", "calibration_slope",
                        check.slope, check.slope_lower, check.slope_upper,
                    )
                )  # fmt: skip
        final = each.family.fit(everything.matrix, everything.is_returning, rules, effort, seed)
        progress(f"{name}: fitted on {len(everything.is_returning):,} customers and dates")
        found.append(
            JudgedFamily(
                name,
                [*each.family.to_rows(final), *calibration.to_rows()],
                [
                    Metric("cross_validation", "roc_auc", each.roc_auc),
                    Metric("train", "base_rate", base_rate),
                    *judgement.metrics,
                    *fit_metrics,
                ],
                judgement,
                why_not,
                suspicions[name],
            )
        )
    return found

"""Cross-validation on the training dates: what the choice among families goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from ml.calibration import Calibration, check_calibration, cross_fit_calibration, fit_calibration
from ml.churn.budget import Effort
from ml.churn.families import ChurnFamily
from ml.features import FeatureRule, FloatArray, LabelledMatrix
from ml.splits import folds_by_person


@dataclass(frozen=True)
class Validated:
    """What cross-validation on the training dates says of a family.

    Attributes:
        family: its verbs.
        probability: of returning, by a model that saw nothing of the row's person, shape (rows,).
        roc_auc: of these.
        calibration: what they ask for.
        calibrated: each fold's, recalibrated on the other folds, shape (rows,).
    """

    family: ChurnFamily
    probability: FloatArray
    roc_auc: float
    calibration: Calibration
    calibrated: FloatArray


def validate_family(
    family: ChurnFamily,
    train: LabelledMatrix,
    rules: Sequence[FeatureRule],
    effort: Effort,
    *,
    recalibration: str = "sigmoid",
    seed: int,
) -> Validated:
    """Predict each person by a model fitted on other people, and see what must be mended.

    Args:
        family: to validate.
        train: rows of the training dates.
        rules: features to use.
        effort: folds and trees.
        recalibration: how to mend what is not calibrated, ``sigmoid`` or ``isotonic``.
        seed: of the folds and of the fits.

    Raises:
        ValueError: an unknown kind of recalibration.
    """
    probability = np.empty(len(train.is_returning))
    folds = list(
        folds_by_person(
            train.person_numbers, effort.fold_count, is_returning=train.is_returning, seed=seed
        )
    )
    for fitted_rows, held_out_rows in folds:
        part = train.take(fitted_rows)
        model = family.fit(part.matrix, part.is_returning, rules, effort, seed)
        probability[held_out_rows] = family.predict(model, train.take(held_out_rows).matrix)
    auc = float(roc_auc_score(train.is_returning, probability))
    check = check_calibration(train.is_returning, probability, person_numbers=train.person_numbers)
    kind = check.choose_kind(recalibration)
    return Validated(
        family,
        probability,
        auc,
        fit_calibration(train.is_returning, probability, kind),
        cross_fit_calibration(train.is_returning, probability, kind, folds),
    )

"""The families of churn models and their verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.calibration import Calibration
from ml.churn.budget import Effort
from ml.families import additive, boosting, logistic, random_forest
from ml.features import FeatureMatrix, FeatureRule, FloatArray
from ml.parameters import ParameterRow

Fit = Callable[[FeatureMatrix, NDArray[np.bool_], Sequence[FeatureRule], Effort, int], Any]


@dataclass(frozen=True)
class Family:
    """The verbs of a family of churn models.

    Attributes:
        name: as in the registry.
        fit: (matrix, labels, rules, effort, seed) to a model.
        predict: (model, matrix) to raw probabilities of returning, shape (rows,).
        to_rows: a model to its parameter rows.
        from_rows: the way back.
        explains_itself: whether its log-odds are a sum of one term per feature.
    """

    name: str
    fit: Fit
    predict: Callable[[Any, FeatureMatrix], FloatArray]
    to_rows: Callable[[Any], list[ParameterRow]]
    from_rows: Callable[[Sequence[ParameterRow]], Any]
    explains_itself: bool


# Trees of each family, at full effort; 1.2 % of 40,000 rows return, so steps are few and small.
TREE_COUNTS = {additive.FAMILY: 150, random_forest.FAMILY: 50, boosting.FAMILY: 80}


def _fit_logistic(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    _effort: Effort,
    _seed: int,
) -> logistic.LogisticModel:
    return logistic.fit_logistic(matrix, is_returning, rules)


def _fit_trees(name: str, fit: Callable[..., Any]) -> Fit:
    def fit_with_effort(
        matrix: FeatureMatrix,
        is_returning: NDArray[np.bool_],
        rules: Sequence[FeatureRule],
        effort: Effort,
        seed: int,
    ) -> Any:
        count = max(1, round(TREE_COUNTS[name] * effort.tree_share))
        return fit(matrix, is_returning, rules, tree_count=count, seed=seed)

    return fit_with_effort


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            logistic.FAMILY, _fit_logistic, logistic.predict_logistic,
            logistic.to_rows, logistic.from_rows, explains_itself=True,
        ),
        Family(
            additive.FAMILY, _fit_trees(additive.FAMILY, additive.fit_additive),
            additive.predict_additive,
            additive.to_rows, additive.from_rows, explains_itself=True,
        ),
        Family(
            random_forest.FAMILY,
            _fit_trees(random_forest.FAMILY, random_forest.fit_random_forest),
            random_forest.predict_random_forest,
            random_forest.to_rows, random_forest.from_rows, explains_itself=False,
        ),
        Family(
            boosting.FAMILY, _fit_trees(boosting.FAMILY, boosting.fit_boosting),
            boosting.predict_boosting,
            boosting.to_rows, boosting.from_rows, explains_itself=False,
        ),
    )
}  # fmt: skip


def predict_rows(family: str, rows: Sequence[ParameterRow], matrix: FeatureMatrix) -> FloatArray:
    """Calibrated probabilities of returning of a model in the warehouse, shape (rows,).

    Args:
        family: of the model.
        rows: its parameters.
        matrix: features, more than the model uses do no harm.

    Raises:
        KeyError: a family that does not score in Python.
    """
    verbs = FAMILIES[family]
    raw = verbs.predict(verbs.from_rows(rows), matrix)
    return Calibration.from_rows(rows).apply(raw)

"""The families of churn models and their verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.churn.budget import Effort
from ml.families.catalog import families_of
from ml.families.family import Family
from ml.features import FeatureMatrix, FeatureRule, FloatArray
from ml.parameters import ParameterRow
from ml.purposes import CHURN

Fit = Callable[[FeatureMatrix, NDArray[np.bool_], Sequence[FeatureRule], Effort, int], Any]


@dataclass(frozen=True)
class ChurnFamily:
    """The verbs of a family of churn models that a study fits.

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


def _fit_with_effort(family: Family) -> Fit:
    def fit(
        matrix: FeatureMatrix,
        is_returning: NDArray[np.bool_],
        rules: Sequence[FeatureRule],
        effort: Effort,
        seed: int,
    ) -> Any:
        if family.tree_count is None:
            return family.fit(matrix, is_returning, rules)
        count = max(1, round(family.tree_count * effort.tree_share))
        return family.fit(matrix, is_returning, rules, tree_count=count, seed=seed)

    return fit


# Those of the catalog that may become champion, in its order.
FAMILIES: Mapping[str, ChurnFamily] = {
    family.name: ChurnFamily(
        family.name,
        _fit_with_effort(family),
        family.predict,
        family.to_rows,
        family.from_rows,
        explains_itself=family.is_interpretable,
    )
    for family in families_of(CHURN, with_baselines=False)
}

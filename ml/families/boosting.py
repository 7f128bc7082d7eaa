"""Gradient boosting for returning: log-odds as a sum of small trees, each fitted to the rest.

Source: Friedman (2001), Greedy function approximation; on binned features as in Ke et al. (2017),
LightGBM. Fitted by scikit-learn; scored in the warehouse by
``dbt_project/models/scoring/churn/churn_boosting.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from ml.families.training import feature_values, training_values
from ml.families.trees import Trees, boosted_trees
from ml.features import FeatureMatrix, FeatureRule, FloatArray
from ml.parameters import ParameterRow, group_rows, look_up

FAMILY = "boosting"


@dataclass(frozen=True)
class BoostingModel:
    """A fitted boosting.

    Attributes:
        trees: their leaf values are log-odds.
        intercept: log-odds that the trees start from, those of all training rows.
    """

    trees: Trees
    intercept: float


def fit_boosting(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    *,
    tree_count: int = 80,
    learning_rate: float = 0.05,
    max_leaf_count: int = 6,
    min_leaf_rows: int = 200,
    l2_regularization: float = 10.0,
    seed: int = 0,
) -> BoostingModel:
    """Fit boosted trees on the data as it is (no resampling, features unscaled).

    The settings are for a rare outcome (1 in 80): few, small steps, no early stopping, whose
    validation rows would hold a handful of returning customers.

    Args:
        matrix: shape (customers, features), NaN where a value is missing.
        is_returning: shape (customers,), true for those who came back.
        rules: features to use; their transforms and null rules do not matter to trees.
        tree_count: trees, at least 1.
        learning_rate: share of each tree's step that is taken, above 0.
        max_leaf_count: leaves of a tree at most, at least 2.
        min_leaf_rows: rows of a leaf at least.
        l2_regularization: pulls leaf values to 0; in units of the sum of p (1 - p) in a leaf,
            which is 2.4 for 200 rows with 1.2 % returning.
        seed: of the sample that features are binned by, where there are over 200,000 rows.

    Raises:
        ValueError: the labels are not one per row, or all alike.
        FeatureError: an absent feature, infinite values, or two rules for one feature.

    Example:
        >>> values = np.array([[10.0], [20.0], [300.0], [400.0]]).repeat(200, axis=0)
        >>> labels = np.array([True, True, False, False]).repeat(200)
        >>> matrix = FeatureMatrix(("recency_days",), values)
        >>> model = fit_boosting(matrix, labels, [FeatureRule("recency_days")])
        >>> bool(predict_boosting(model, matrix)[0] > 0.9)
        True
    """
    names, values = training_values(matrix, is_returning, rules)
    fitted = HistGradientBoostingClassifier(
        max_iter=tree_count,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_count,
        min_samples_leaf=min_leaf_rows,
        l2_regularization=l2_regularization,
        early_stopping=False,
        random_state=seed,
    ).fit(values, is_returning)
    return BoostingModel(*boosted_trees(fitted, names))


def predict_boosting(model: BoostingModel, matrix: FeatureMatrix) -> FloatArray:
    """Probability of returning, shape (rows,), between 0 and 1; takes infinite values.

    Raises:
        FeatureError: a feature is absent.
    """
    values = feature_values(matrix, model.trees.feature_names)
    return np.asarray(expit(model.intercept + model.trees.sum_leaves(values)))


def to_rows(model: BoostingModel) -> list[ParameterRow]:
    """One ``intercept``, and the rows of the trees, see :meth:`ml.families.trees.Trees.to_rows`."""
    return [ParameterRow("intercept", model.intercept), *model.trees.to_rows()]


def from_rows(rows: Sequence[ParameterRow]) -> BoostingModel:
    """Rebuild a model from its rows.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    return BoostingModel(Trees.from_rows(rows), look_up(group_rows(rows), "intercept"))

"""Random forest for returning: the mean of many trees grown on samples of the customers.

Source: Breiman (2001), Random forests; as in scikit-learn, the mean is of the shares of returning
customers in the leaves (not of votes). Fitted by scikit-learn; scored in the warehouse by
``dbt_project/models/scoring/churn/churn_random_forest.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from ml.families.training import feature_values, training_values
from ml.families.trees import Trees, forest_trees
from ml.features import FeatureError, FeatureMatrix, FeatureRule, FloatArray
from ml.parameters import ParameterRow

FAMILY = "random_forest"


@dataclass(frozen=True)
class RandomForestModel:
    """A fitted forest.

    Attributes:
        trees: their leaf values are shares of returning customers, 0 to 1.
    """

    trees: Trees


def fit_random_forest(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    *,
    tree_count: int = 100,
    max_leaf_count: int = 12,
    min_leaf_rows: int = 100,
    sample_share: float = 0.5,
    seed: int = 0,
) -> RandomForestModel:
    """Grow a forest on the data as it is (no resampling of classes, features unscaled).

    The outcome is rare (1 in 80), so leaves are few and large: a share of 100 rows with 1.2 %
    returning ones has a standard error of 1.1 points, which the mean of the trees evens out.

    Args:
        matrix: shape (customers, features), NaN where a value is missing.
        is_returning: shape (customers,), true for those who came back.
        rules: features to use; their transforms and null rules do not matter to trees.
        tree_count: trees, at least 1.
        max_leaf_count: leaves of a tree at most, at least 2.
        min_leaf_rows: sampled rows of a leaf at least.
        sample_share: rows drawn for a tree, with replacement, over all rows; above 0, at most 1.
        seed: of the samples and of the features tried at each split.

    Raises:
        ValueError: the labels are not one per row, or all alike.
        FeatureError: an absent feature, infinite values, or two rules for one feature.

    Example:
        >>> values = np.array([[10.0], [20.0], [300.0], [400.0]]).repeat(200, axis=0)
        >>> labels = np.array([True, True, False, False]).repeat(200)
        >>> matrix = FeatureMatrix(("recency_days",), values)
        >>> model = fit_random_forest(matrix, labels, [FeatureRule("recency_days")], tree_count=5)
        >>> predict_random_forest(model, FeatureMatrix(("recency_days",), np.array([[15.0]])))
        array([1.])
    """
    names, values = training_values(matrix, is_returning, rules)
    fitted = RandomForestClassifier(
        n_estimators=tree_count,
        max_leaf_nodes=max_leaf_count,
        min_samples_leaf=min_leaf_rows,
        max_samples=sample_share,
        random_state=seed,
        n_jobs=1,
    ).fit(_in_range(names, values), is_returning)
    return RandomForestModel(forest_trees(fitted, names))


def predict_random_forest(model: RandomForestModel, matrix: FeatureMatrix) -> FloatArray:
    """Probability of returning, shape (rows,), between 0 and 1.

    Raises:
        FeatureError: a feature is absent, or beyond the range of 32 bits, as in the library.
    """
    names = model.trees.feature_names
    values = _in_range(names, feature_values(matrix, names))
    return model.trees.sum_leaves(values) / model.trees.tree_count


def to_rows(model: RandomForestModel) -> list[ParameterRow]:
    """The rows of the trees, see :meth:`ml.families.trees.Trees.to_rows`."""
    return model.trees.to_rows()


def from_rows(rows: Sequence[ParameterRow]) -> RandomForestModel:
    """Rebuild a model from its rows.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    return RandomForestModel(Trees.from_rows(rows))


def _in_range(names: Sequence[str], values: FloatArray) -> FloatArray:
    for index, name in enumerate(names):
        beyond = int((np.abs(values[:, index]) > np.finfo(np.float32).max).sum())
        if beyond:
            raise FeatureError(
                f"feature {name!r} has {beyond} values beyond 3.4e38, expected numbers in the "
                "range of 32 bits; look for a division by 0 in customer_feature_snapshots"
            )
    return values

"""What families learn from: labels of both kinds, and values as trees take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.features import FeatureError, FeatureMatrix, FeatureRule, FloatArray


def require_labels(matrix: FeatureMatrix, is_returning: NDArray[np.bool_]) -> None:
    """See that there is a label for each row, and that they are not all alike.

    Args:
        matrix: shape (customers, features).
        is_returning: true for those who came back.

    Raises:
        ValueError: the labels are not one per row, or all alike.

    Example:
        >>> require_labels(FeatureMatrix(("a",), np.zeros((2, 1))), np.array([True, False]))
    """
    if is_returning.shape != (matrix.row_count,):
        raise ValueError(
            f"expected one label for each of {matrix.row_count} rows, got shape "
            f"{is_returning.shape}; read both with one query"
        )
    if is_returning.all() or not is_returning.any():
        raise ValueError(
            f"expected both returning and lost customers among {matrix.row_count} rows, got only "
            f"{'returning' if is_returning.any() else 'lost'} ones; choose other training dates"
        )


def training_values(
    matrix: FeatureMatrix, is_returning: NDArray[np.bool_], rules: Sequence[FeatureRule]
) -> tuple[tuple[str, ...], FloatArray]:
    """Names and values that trees learn from: as they are, NaN where missing.

    Returns:
        The features of the rules in alphabetical order, and shape (rows, features).

    Raises:
        ValueError: the labels are not one per row, or all alike.
        FeatureError: no rules, two for one feature, an absent feature, or infinite values.

    Example:
        >>> matrix = FeatureMatrix(("b", "a"), np.array([[1.0, 2.0], [3.0, np.nan]]))
        >>> training_values(matrix, np.array([True, False]), [FeatureRule("a")])
        (('a',), array([[ 2.],
               [nan]]))
    """
    require_labels(matrix, is_returning)
    names = tuple(sorted(rule.feature_name for rule in rules))
    if not names or len(set(names)) < len(names):
        raise FeatureError(
            f"expected one rule for each of one or more features, got {', '.join(names) or 'none'};"
            " mend seeds/feature_catalog.csv"
        )
    values = feature_values(matrix, names)
    for index, name in enumerate(names):
        infinite = int(np.isinf(values[:, index]).sum())
        if infinite:
            raise FeatureError(
                f"feature {name!r} has {infinite} infinite values, expected finite numbers; look "
                "for a division by 0 in customer_feature_snapshots"
            )
    return names, values


def feature_values(matrix: FeatureMatrix, feature_names: Sequence[str]) -> FloatArray:
    """The columns of some features, shape (rows, features), NaN where missing.

    Raises:
        FeatureError: a feature is absent.

    Example:
        >>> feature_values(FeatureMatrix(("b", "a"), np.array([[1.0, 2.0]])), ("a",))
        array([[2.]])
    """
    absent = [name for name in feature_names if name not in matrix.feature_names]
    if absent:
        raise FeatureError(
            f"the model needs the feature {absent[0]!r}, which the matrix does not have (it has "
            f"{', '.join(matrix.feature_names)}); read that column too, or fit again"
        )
    return matrix.values[:, [matrix.feature_names.index(name) for name in feature_names]]

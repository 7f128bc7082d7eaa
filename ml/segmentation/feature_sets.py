"""The sets of features that a study compares, and how each is scaled."""

from __future__ import annotations

from collections.abc import Sequence

from ml.features import (
    FeatureMatrix,
    FeatureRule,
    FloatArray,
    Preprocessing,
    fit_preprocessing,
)

FEATURE_SETS = ("full", "rfm")
# What most public studies of this kind of data use, for comparison: three features as they are,
# squeezed between 0 and 1, four segments of KMeans.
RFM_FAMILY = "kmeans"
RFM_RULES = tuple(FeatureRule(name) for name in ("recency_days", "order_count", "paid_amount"))
RFM_SCALING = "min_max"
RFM_SEGMENT_COUNT = 4


def scale_feature_sets(
    matrix: FeatureMatrix, rules: Sequence[FeatureRule]
) -> dict[str, dict[str, FloatArray]]:
    """Each set's features in the units that models see.

    Args:
        matrix: with the features of all sets.
        rules: of the full set.

    Returns:
        Feature set to its features, each of shape (customers,).
    """
    return {
        "full": columns(fit_preprocessing(matrix, rules), matrix),
        "rfm": columns(fit_preprocessing(matrix, RFM_RULES, scaling=RFM_SCALING), matrix),
    }


def columns(preprocessing: Preprocessing, matrix: FeatureMatrix) -> dict[str, FloatArray]:
    """Scaled features by name, each of shape (customers,)."""
    scaled = preprocessing.apply(matrix)
    return {name: scaled[:, index] for index, name in enumerate(preprocessing.feature_names)}

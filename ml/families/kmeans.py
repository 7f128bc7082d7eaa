"""KMeans segments: nearest centroid of the scaled features.

Source: Lloyd (1982), Least squares quantization in PCM; seeding by Arthur and Vassilvitskii (2007),
k-means++. Fitted and predicted by scikit-learn; scored in the warehouse by
``dbt_project/models/scoring/segmentation/segments_kmeans.sql``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from ml.features import FeatureMatrix, FeatureRule, FloatArray, Preprocessing, fit_preprocessing
from ml.figures import Metric
from ml.parameters import ParameterRow, component_ids, group_rows, lasting_ids, look_up
from ml.segmentation.candidates import StudySettings
from ml.segmentation.fits import CandidateFit
from ml.segmentation.space import Space

FAMILY = "kmeans"


@dataclass(frozen=True)
class KMeansModel:
    """A fitted KMeans.

    Attributes:
        preprocessing: fitted on the same rows.
        centroids: shape (segments, features), in scaled units.
        segment_ids: lasting id of each centroid, ascending; numbers may be missing. 0 to
            segments - 1 if left out.
    """

    preprocessing: Preprocessing
    centroids: FloatArray
    segment_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Number the segments where no ids are given."""
        ids = lasting_ids(self.segment_ids, len(self.centroids))
        object.__setattr__(self, "segment_ids", ids)


def fit_kmeans(
    matrix: FeatureMatrix,
    rules: Sequence[FeatureRule],
    *,
    segment_count: int = 5,
    start_count: int = 10,
    seed: int = 0,
    scaling: str = "standard",
) -> KMeansModel:
    """Fit KMeans on scaled features.

    Args:
        matrix: shape (customers, features), at least as many rows as segments.
        rules: features to use and how to prepare them.
        segment_count: k, at least 2.
        start_count: random starts of which the best is kept; below 10 the result depends on luck.
        seed: of the random starts.
        scaling: ``standard`` or ``min_max``, see :func:`ml.features.fit_preprocessing`.

    Returns:
        The model; segment 0 is the largest.

    Raises:
        ValueError: fewer rows than segments, or fewer than 2 segments.

    Example:
        >>> matrix = FeatureMatrix(("paid_amount",), np.array([[1.0], [2.0], [90.0]]))
        >>> model = fit_kmeans(matrix, [FeatureRule("paid_amount")], segment_count=2)
        >>> predict_kmeans(model, matrix)
        array([0, 0, 1])
    """
    if segment_count < 2 or matrix.row_count < segment_count:
        raise ValueError(
            f"KMeans needs 2 or more segments and a row for each, got {segment_count} segments "
            f"and {matrix.row_count} rows"
        )
    preprocessing = fit_preprocessing(matrix, rules, scaling=scaling)
    scaled = preprocessing.apply(matrix)
    fitted = KMeans(n_clusters=segment_count, n_init=start_count, random_state=seed).fit(scaled)
    sizes = np.bincount(fitted.labels_, minlength=segment_count)
    order = np.lexsort((fitted.cluster_centers_[:, 0], -sizes))
    return KMeansModel(preprocessing, np.ascontiguousarray(fitted.cluster_centers_[order]))


def with_segment_ids(model: KMeansModel, segment_ids: Sequence[int]) -> KMeansModel:
    """The same segments under other ids.

    Args:
        model: segments in the order of their present ids.
        segment_ids: the lasting id of each of them, distinct, in any order.

    Returns:
        The model with its segments sorted by the new ids.

    Raises:
        ValueError: the ids are not one for each segment, distinct and from 0 up.

    Example:
        >>> matrix = FeatureMatrix(("paid_amount",), np.array([[1.0], [2.0], [90.0]]))
        >>> model = fit_kmeans(matrix, [FeatureRule("paid_amount")], segment_count=2)
        >>> predict_kmeans(with_segment_ids(model, [7, 3]), matrix)
        array([7, 7, 3])
    """
    order = np.argsort(segment_ids)
    ids = lasting_ids(sorted(segment_ids), len(model.centroids))
    return replace(model, centroids=model.centroids[order], segment_ids=ids)


def predict_kmeans(model: KMeansModel, matrix: FeatureMatrix) -> NDArray[np.int64]:
    """Segment id of each row; the lowest where two centroids are equally near."""
    scaled = model.preprocessing.apply(matrix)
    # Differences first, as the warehouse does: the expanded square of scikit-learn's
    # pairwise_distances_argmin cancels, and then rounding decides between equally near centroids.
    distances = [((scaled - centroid) ** 2).sum(axis=1) for centroid in model.centroids]
    nearest = np.argmin(distances, axis=0)
    return np.asarray(np.array(model.segment_ids)[nearest], dtype=np.int64)


def assign_segments(model: KMeansModel, matrix: FeatureMatrix) -> NDArray[np.int64]:
    """Segment id of each row, see :func:`predict_kmeans`."""
    return predict_kmeans(model, matrix)


def measure_fit(_model: KMeansModel, _matrix: FeatureMatrix) -> list[Metric]:
    """Nothing beside what every segmentation is judged by."""
    return []


def to_rows(model: KMeansModel) -> list[ParameterRow]:
    """Preprocessing rows and one ``centroid`` row per segment and feature."""
    return model.preprocessing.to_rows() + [
        ParameterRow("centroid", float(value), component_id=segment, feature_name=name)
        for segment, centroid in zip(model.segment_ids, model.centroids, strict=True)
        for name, value in zip(model.preprocessing.feature_names, centroid, strict=True)
    ]


def from_rows(rows: Sequence[ParameterRow]) -> KMeansModel:
    """Rebuild a model from its rows.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    preprocessing = Preprocessing.from_rows(rows)
    grouped = group_rows(rows)
    segment_ids = component_ids(grouped.get("centroid", {}))
    centroids = [
        [look_up(grouped, "centroid", segment, name) for name in preprocessing.feature_names]
        for segment in segment_ids
    ]
    return KMeansModel(preprocessing, np.array(centroids), segment_ids)


def list_candidates(settings: StudySettings) -> list[dict[str, Any]]:
    """What its candidates in a study are told: one number of segments each."""
    return [{"segment_count": count} for count in settings.segment_counts]


def fit_candidate(
    candidate: Mapping[str, Any],
    space: Space,
    resample: int | None,
    settings: StudySettings,
    seed: int,
) -> CandidateFit:
    """Fit a candidate of a study, in scaled units."""
    fitted = KMeans(
        candidate["segment_count"], n_init=settings.kmeans_start_count, random_state=seed
    ).fit(space.people_of(resample))
    return CandidateFit(fitted.predict, {"inertia": float(fitted.inertia_)})

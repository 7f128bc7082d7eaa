"""Which segment of a refit continues which former one.

Source: Kuhn (1955), The Hungarian method for the assignment problem; Hennig (2007), Cluster-wise
assessment of cluster stability.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ml.features import FeatureMatrix, FloatArray, Preprocessing
from ml.segmentation.agreement import IntArray, StabilityError, contingency, jaccard
from ml.segmentation.models import SegmentModel


@dataclass(frozen=True)
class SegmentMatch:
    """Which lasting id each segment of a refit gets.

    Attributes:
        lasting_ids: one per new segment, in its order.
        persists: lasting id to whether it was there before; of the new segments' ids.
        jaccard: lasting id to the members shared with its former self, out of the members of
            either; 0 for an id that is new.
        gone_ids: former ids without a successor, ascending. Never given again.
        next_free_id: what the next refit is to be told.
    """

    lasting_ids: tuple[int, ...]
    persists: Mapping[int, bool]
    jaccard: Mapping[int, float]
    gone_ids: tuple[int, ...]
    next_free_id: int


def match_segments(
    former_centroids: FloatArray,
    new_centroids: FloatArray,
    former_labels: IntArray,
    new_labels: IntArray,
    *,
    former_ids: Sequence[int],
    next_free_id: int,
    min_shared: float = 0.3,
) -> SegmentMatch:
    """Give a refit's segments the ids of the former segments that they continue.

    The Hungarian method finds the pairs of least total cost. A pair costs the mean of the distance
    of the two centroids, divided by the largest such distance, and of 1 - Jaccard of their members.
    A pair that shares too few members is no pair: the new segment gets an id never used before.

    Args:
        former_centroids: shape (former segments, features), in the scaled units of one of the two
            models, the same for both.
        new_centroids: shape (new segments, features); the number of segments may differ.
        former_labels: shape (customers,), the former model's segment, from 0, of customers whom
            both models know, with the features of one date.
        new_labels: the refit's segment of the same customers in the same order.
        former_ids: lasting id of each former segment, in its order.
        next_free_id: higher than any id ever used.
        min_shared: Jaccard below which a segment is not the former one. The default is a little
            under 1/3, what two segments of equal size have that share half of their members.

    Returns:
        The ids, and what became of the former ones.

    Raises:
        StabilityError: centroids, labels and ids do not fit together.

    Source: Kuhn (1955); Jaccard as in Hennig (2007).

    Example:
        >>> former, new = np.array([[0.0], [9.0]]), np.array([[9.0], [0.0]])
        >>> labels = np.array([0, 0, 1, 1])
        >>> match_segments(
        ...     former, new, labels, 1 - labels, former_ids=[4, 7], next_free_id=8
        ... ).lasting_ids
        (7, 4)
    """
    shapes = former_centroids.shape, new_centroids.shape
    if any(len(shape) != 2 for shape in shapes) or shapes[0][1] != shapes[1][1]:
        raise StabilityError(
            f"expected centroids of the same features on both sides, got shapes {shapes[0]} and "
            f"{shapes[1]}; a refit on other features has no former segments"
        )
    former_count, new_count = shapes[0][0], shapes[1][0]
    if len(set(former_ids)) != former_count or len(former_ids) != former_count:
        raise StabilityError(
            f"expected a different id for each of {former_count} former segments, got "
            f"{list(former_ids)}; read them from the former model's rows"
        )
    if next_free_id <= max(former_ids, default=-1):
        raise StabilityError(
            f"expected a next free id above {max(former_ids)}, got {next_free_id}; an id that was "
            "used is never given again"
        )
    counts = contingency(former_labels, new_labels)
    if counts.shape[0] > former_count or counts.shape[1] > new_count:
        raise StabilityError(
            f"expected labels below {former_count} and {new_count}, as many as there are "
            f"centroids, got up to {counts.shape[0] - 1} and {counts.shape[1] - 1}; give each "
            "labels of its own model"
        )
    table = np.zeros((former_count, new_count), dtype=np.int64)
    table[: counts.shape[0], : counts.shape[1]] = counts
    shared = jaccard(table)
    distance = cdist(former_centroids, new_centroids)
    farthest = distance.max()
    cost = (distance / (farthest if farthest > 0 else 1.0) + 1 - shared) / 2
    successor = {
        int(new): int(former)
        for former, new in zip(*linear_sum_assignment(cost), strict=True)
        if shared[former, new] >= min_shared
    }
    lasting_ids = []
    for new in range(new_count):
        if new in successor:
            lasting_ids.append(int(former_ids[successor[new]]))
        else:
            lasting_ids.append(next_free_id)
            next_free_id += 1
    return SegmentMatch(
        lasting_ids=tuple(lasting_ids),
        persists={lasting: new in successor for new, lasting in enumerate(lasting_ids)},
        jaccard={
            lasting: float(shared[successor[new], new]) if new in successor else 0.0
            for new, lasting in enumerate(lasting_ids)
        },
        gone_ids=tuple(sorted({*former_ids} - {*lasting_ids})),
        next_free_id=next_free_id,
    )


def keep_ids(
    fitted: SegmentModel,
    matrix: FeatureMatrix,
    former_models: Iterable[tuple[SegmentModel, FeatureMatrix]],
    *,
    next_free_id: int,
) -> tuple[SegmentModel, str]:
    """Give the segments the ids of those former ones that they continue, and say how many do.

    Args:
        fitted: the refit.
        matrix: everybody's features.
        former_models: models that it may continue, the nearest first, each with the features of
            the same people as it reads them.
        next_free_id: higher than any id ever used.
    """
    new_labels = fitted.predict(matrix)
    # Segments in which nobody is any more have no mean, hence no successor.
    new_ids, new_numbers = np.unique(new_labels, return_inverse=True)
    scaled = Preprocessing.from_rows(fitted.to_rows()).apply(matrix)
    lasting: dict[int, int] = {}
    for former, former_matrix in former_models:
        former_ids, former_numbers = np.unique(former.predict(former_matrix), return_inverse=True)
        match = match_segments(
            _means(scaled, former_numbers),
            _means(scaled, new_numbers),
            former_numbers,
            new_numbers,
            former_ids=former_ids.tolist(),
            next_free_id=next_free_id,
        )
        for segment_id, lasting_id in zip(new_ids.tolist(), match.lasting_ids, strict=True):
            is_free = segment_id not in lasting and lasting_id not in lasting.values()
            if match.persists[lasting_id] and is_free:
                lasting[segment_id] = lasting_id
    kept = len(lasting)
    for segment_id in fitted.segment_ids:
        if segment_id not in lasting:
            lasting[segment_id], next_free_id = next_free_id, next_free_id + 1
    ids = [lasting[segment_id] for segment_id in fitted.segment_ids]
    return fitted.with_segment_ids(ids), f"{kept} of {len(ids)} segments continue former ones"


def _means(scaled: FloatArray, labels: IntArray) -> FloatArray:
    """Mean of each segment, shape (segments, features); labels run from 0 without a gap."""
    return np.array([scaled[labels == label].mean(axis=0) for label in range(labels.max() + 1)])

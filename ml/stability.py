"""How far two segmentations agree: between seeds and samples, between refits, and over time.

Of any family: these functions see labels, centroids and functions that fit, never a model's inside.

Source: Hubert and Arabie (1985), Comparing partitions (adjusted Rand index); Hennig (2007),
Cluster-wise assessment of cluster stability (Jaccard per segment); Kuhn (1955), The Hungarian
method for the assignment problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ml.features import FeatureMatrix, FloatArray

IntArray = NDArray[np.int64]
Predict = Callable[[FeatureMatrix], IntArray]
Fit = Callable[[FeatureMatrix], Predict]


class StabilityError(ValueError):
    """Two segmentations cannot be compared as they are."""


def contingency(labels_a: IntArray, labels_b: IntArray) -> IntArray:
    """Count the customers in each segment of one and each segment of the other.

    Args:
        labels_a: shape (customers,), segments from 0.
        labels_b: of the same customers in the same order.

    Returns:
        Shape (segments of a, segments of b); the row and the column are the segment's number.

    Raises:
        StabilityError: not as many labels on either side, none at all, or a negative one.

    Example:
        >>> contingency(np.array([0, 0, 1]), np.array([1, 1, 0]))
        array([[0, 2],
               [1, 0]])
    """
    if labels_a.shape != labels_b.shape or labels_a.ndim != 1 or not len(labels_a):
        raise StabilityError(
            "expected one label for each of the same customers on both sides, got shapes "
            f"{labels_a.shape} and {labels_b.shape}; keep the customers known to both, in one order"
        )
    lowest = int(min(labels_a.min(), labels_b.min()))
    if lowest < 0:
        raise StabilityError(
            f"segments are numbered from 0, got {lowest}; give noise a number of its own, or leave "
            "its rows out"
        )
    columns = int(labels_b.max()) + 1
    cells = np.bincount(labels_a * columns + labels_b, minlength=(labels_a.max() + 1) * columns)
    return np.asarray(cells.reshape(-1, columns), dtype=np.int64)


def adjusted_rand(table: IntArray) -> float:
    """Adjusted Rand index of a contingency table: 1 the same segments, 0 what chance gives.

    Args:
        table: shape (segments of a, segments of b), customers in each cell.

    Returns:
        At most 1; 1 too where both put everybody in one segment, or each in one of their own.

    Source: Hubert and Arabie (1985), equation 5, with every pair counted once.

    Example:
        >>> adjusted_rand(np.array([[0, 2], [2, 0]]))
        1.0
        >>> round(adjusted_rand(np.array([[1, 1], [1, 1]])), 6)
        -0.5
    """
    return float(_adjusted_rand(table[None])[0])


def _adjusted_rand(tables: NDArray[np.generic]) -> FloatArray:
    """The index of many tables, shape (tables, segments of a, segments of b), at once."""

    def pairs(counts: FloatArray) -> FloatArray:
        return counts * (counts - 1) / 2

    counts = tables.astype(np.float64)
    together = pairs(counts).sum(axis=(1, 2))
    rows, columns = pairs(counts.sum(axis=2)).sum(axis=1), pairs(counts.sum(axis=1)).sum(axis=1)
    expected = rows * columns / np.maximum(pairs(counts.sum(axis=(1, 2))), 1.0)
    most = (rows + columns) / 2
    is_trivial = most == expected  # both all in one segment, or both each in one of their own
    gap = np.where(is_trivial, 1.0, most - expected)
    return np.asarray(np.where(is_trivial, 1.0, (together - expected) / gap), dtype=np.float64)


def jaccard(table: IntArray) -> FloatArray:
    """Members shared by a row's and a column's segment, out of the members of either.

    Args:
        table: shape (segments of a, segments of b), customers in each cell.

    Returns:
        Of the same shape, 0 to 1.

    Example:
        >>> jaccard(np.array([[2, 0], [1, 1]])).round(2)
        array([[0.67, 0.  ],
               [0.25, 0.5 ]])
    """
    rows, columns = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    return np.asarray(table / np.maximum(rows + columns - table, 1), dtype=np.float64)


def jaccard_per_segment(reference_labels: IntArray, other_labels: IntArray) -> FloatArray:
    """How well each segment of the reference is found again in another segmentation.

    Args:
        reference_labels: shape (customers,), segments from 0.
        other_labels: of the same customers in the same order.

    Returns:
        Shape (segments of the reference,), 0 to 1: the members shared with the segment of the
        other that is most like it, out of the members of either; 0 for a number nobody has.
        Hennig takes 0.75 and more for stable, 0.5 and less for dissolved.

    Raises:
        StabilityError: as :func:`contingency`.

    Source: Hennig (2007), section 2.

    Example:
        >>> jaccard_per_segment(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0]))
        array([0.66666667, 0.5       ])
    """
    shared = jaccard(contingency(reference_labels, other_labels))
    return np.asarray(shared.max(axis=1), dtype=np.float64)


def reassigned_share(table: IntArray) -> float:
    """Share of customers whom one segmentation puts elsewhere than the other.

    Segments are paired by the Hungarian method so that as many customers as can be stay.

    Args:
        table: shape (segments of a, segments of b), customers in each cell, at least one.

    Returns:
        0 to 1.

    Source: Kuhn (1955).

    Example:
        >>> round(reassigned_share(np.array([[0, 8], [1, 1]])), 12)
        0.1
    """
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(1 - table[rows, columns].sum() / table.sum())


def bootstrap_band(
    table: IntArray, *, resample_count: int = 1_000, seed: int = 0
) -> tuple[float, float]:
    """95 % band of the adjusted Rand index over customers drawn with replacement.

    Customers of one cell are alike to the index, so that drawing n customers is one multinomial
    draw of the cells: exact, and as cheap for millions of customers as for ten. Both segmentations
    are held fixed; what a refit on the drawn customers would change is not in the band.

    Args:
        table: shape (segments of a, segments of b), customers in each cell.
        resample_count: draws.
        seed: of the draws.

    Returns:
        The percentiles 2.5 and 97.5.

    Raises:
        StabilityError: a table without customers.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 13.

    Example:
        >>> bootstrap_band(np.array([[50, 0], [0, 50]]))
        (1.0, 1.0)
    """
    total = int(table.sum())
    if total == 0:
        raise StabilityError("expected a table of one or more customers, got none; see contingency")
    draws = np.random.default_rng(seed).multinomial(total, table.ravel() / total, resample_count)
    low, high = np.percentile(_adjusted_rand(draws.reshape(-1, *table.shape)), [2.5, 97.5])
    return float(low), float(high)


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
    least_shared: float = 0.3,
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
        least_shared: Jaccard below which a segment is not the former one. The default is a little
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
    found = contingency(former_labels, new_labels)
    if found.shape[0] > former_count or found.shape[1] > new_count:
        raise StabilityError(
            f"expected labels below {former_count} and {new_count}, as many as there are "
            f"centroids, got up to {found.shape[0] - 1} and {found.shape[1] - 1}; give each "
            "labels of its own model"
        )
    table = np.zeros((former_count, new_count), dtype=np.int64)
    table[: found.shape[0], : found.shape[1]] = found
    shared = jaccard(table)
    distance = cdist(former_centroids, new_centroids)
    farthest = distance.max()
    cost = (distance / (farthest if farthest > 0 else 1.0) + 1 - shared) / 2
    successor = {
        int(new): int(former)
        for former, new in zip(*linear_sum_assignment(cost), strict=True)
        if shared[former, new] >= least_shared
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


@dataclass(frozen=True)
class Agreement:
    """How far a frozen segmentation still holds at a later date; each index is adjusted Rand.

    Attributes:
        customer_count: customers compared, those known at the first date.
        frozen_with_refit: frozen model against refit, both on today's features; 1 minus it is how
            far the borders moved.
        frozen_with_refit_of_all: the same over all customers of today, newcomers too.
        then_with_now: frozen model on the features of the first date against today's; 1 minus it is
            how far the customers moved.
        total: frozen model on the features of the first date against the refit on today's.
        table: shape (segments of the frozen model, segments of the refit), customers behind
            ``frozen_with_refit``, for :func:`bootstrap_band`.
        migration: shape (segments, segments), customers of the frozen model by their segment of the
            first date and of today.
    """

    customer_count: int
    frozen_with_refit: float
    frozen_with_refit_of_all: float
    then_with_now: float
    total: float
    table: IntArray
    migration: IntArray


def agreement_over_time(
    first: FeatureMatrix, later: Mapping[date, FeatureMatrix], fit: Fit
) -> dict[date, Agreement]:
    """Freeze a model at the first date and compare it with a refit at each later one.

    With F the features as of a date and M a model fitted on them, at each date t:
    ``frozen_with_refit`` is ARI(M0(Ft), Mt(Ft)), ``then_with_now`` ARI(M0(F0), M0(Ft)) and
    ``total`` ARI(M0(F0), Mt(Ft)), over the customers of the first date; the refit sees those who
    came since as well, and ``frozen_with_refit_of_all`` compares them too.

    Args:
        first: features as of the first date.
        later: date to features as of that date. The first rows are the customers of ``first`` in
            the same order, which the caller sees to; those who came since may follow.
        fit: fits a model and returns its function from features to segments, from 0. Called once
            for the first date and once for each later one.

    Returns:
        Date to agreement, in the order of ``later``.

    Raises:
        StabilityError: a date has fewer rows than the first, or other features.

    Example:
        >>> def halves(matrix):
        ...     border = matrix.values.mean()
        ...     return lambda other: (other.values[:, 0] > border).astype(np.int64)
        >>> first = FeatureMatrix(("recency_days",), np.array([[1.0], [2.0], [8.0], [9.0]]))
        >>> later = FeatureMatrix(("recency_days",), first.values + 14)
        >>> found = agreement_over_time(first, {date(2018, 1, 15): later}, halves)
        >>> found[date(2018, 1, 15)].frozen_with_refit, found[date(2018, 1, 15)].total
        (0.0, 1.0)
    """
    for day, matrix in later.items():
        if matrix.feature_names != first.feature_names:
            raise StabilityError(
                f"expected the features {', '.join(first.feature_names)} at {day}, got "
                f"{', '.join(matrix.feature_names)}; read the same columns at each date"
            )
        if matrix.row_count < first.row_count:
            raise StabilityError(
                f"expected the {first.row_count} customers of the first date among the rows of "
                f"{day}, got {matrix.row_count} rows; nobody leaves between two dates"
            )
    frozen = fit(first)
    then = frozen(first)
    agreements = {}
    for day, matrix in later.items():
        all_now, all_refitted = frozen(matrix), fit(matrix)(matrix)
        now, refitted = all_now[: first.row_count], all_refitted[: first.row_count]
        table, migration = contingency(now, refitted), contingency(then, now)
        agreements[day] = Agreement(
            customer_count=first.row_count,
            frozen_with_refit=adjusted_rand(table),
            frozen_with_refit_of_all=adjusted_rand(contingency(all_now, all_refitted)),
            then_with_now=adjusted_rand(migration),
            total=adjusted_rand(contingency(then, refitted)),
            table=table,
            migration=migration,
        )
    return agreements

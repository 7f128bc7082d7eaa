"""How far two segmentations agree, whatever the family: these functions see labels only.

Source: Hubert and Arabie (1985), Comparing partitions (adjusted Rand index); Hennig (2007),
Cluster-wise assessment of cluster stability (Jaccard per segment); Kuhn (1955), The Hungarian
method for the assignment problem.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ml.features import FloatArray

IntArray = NDArray[np.int64]
NOISE = -1  # the label of who is in no segment


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


def label_agreement(one: IntArray, other: IntArray) -> float:
    """Adjusted Rand index; noise is a group like any other."""
    return adjusted_rand(contingency(one - NOISE, other - NOISE))

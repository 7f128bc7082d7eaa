"""How well scores rank customers, of weighted customers, with ties counted as ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.features import FloatArray

IntArray = NDArray[np.int64]


BoolArray = NDArray[np.bool_]


def lift_in_best_share(is_returning: BoolArray, score: FloatArray, share: float = 0.1) -> float:
    """Return rate among the best-scored share over everybody's; ties at the border are averaged.

    Args:
        is_returning: shape (rows,), with at least one true.
        score: shape (rows,), higher is likelier to return.
        share: between 0 (exclusive) and 1.

    Example:
        >>> lift_in_best_share(np.array([True] + [False] * 9), np.arange(10.0)[::-1])
        10.0
    """
    returning, taken = Ranking.of(is_returning, score).accumulate(np.ones(len(score)))
    return float(np.interp(share * len(score), taken, returning) / returning[-1] / share)


@dataclass(frozen=True)
class Ranking:
    """Customers in groups of equal score, best first; found once, then only weights are summed.

    Attributes:
        scores: of each group, descending.
        groups: the group of each customer.
        returning: rows of those who returned.
    """

    scores: FloatArray
    groups: IntArray
    returning: IntArray

    @classmethod
    def of(cls, is_returning: BoolArray, score: FloatArray) -> Ranking:
        """Groups of a score, and who returned."""
        negated, groups = np.unique(-score, return_inverse=True)
        return cls(-negated, groups, np.flatnonzero(is_returning))

    def accumulate(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returning weight and all weight among the best 0, 1, 2, ... groups."""
        size = len(self.scores)
        returning = np.bincount(
            self.groups[self.returning], weights[self.returning], minlength=size
        )
        taken = np.bincount(self.groups, weights, minlength=size)
        return np.append(0.0, returning.cumsum()), np.append(0.0, taken.cumsum())


def roc_area(returning: FloatArray, taken: FloatArray) -> float:
    """Share of (returning, lost) pairs in the right order, ties counting half.

    Source: Hanley and McNeil (1982), The meaning and use of the area under a ROC curve. NaN where
    one class has no weight.
    """
    pairs = returning[-1] * (taken[-1] - returning[-1])
    return float(np.trapezoid(returning, taken - returning) / pairs) if pairs else float("nan")


def average_precision(returning: FloatArray, taken: FloatArray) -> float:
    """Precision at each group, weighted by the recall that it adds (as scikit-learn's)."""
    precision = np.divide(
        returning[1:], taken[1:], out=np.zeros(len(returning) - 1), where=taken[1:] > 0
    )
    return float((np.diff(returning) * precision).sum() / returning[-1])


def find_interval(samples: Sequence[float] | FloatArray) -> tuple[float | None, float | None]:
    """2.5th and 97.5th percentile of the samples in which the value is determined, if any."""
    values = np.asarray(samples, dtype=np.float64)
    if np.isnan(values).all():
        return None, None
    lower, upper = np.nanpercentile(values, [2.5, 97.5])
    return float(lower), float(upper)

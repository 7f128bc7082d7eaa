"""Points of the curves of a judged model and of its baselines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit
from scipy.stats import binomtest

from ml.calibration import log_odds
from ml.churn.ranking import BoolArray, Ranking, find_interval
from ml.features import FloatArray
from ml.figures import CurvePoint

CURVE_POINT_COUNT = 100


CALIBRATION_BIN_COUNT = 10


DISTRIBUTION_BIN_COUNT = 20


SHARES = np.arange(1, 101) / 100


def calibration_curve(
    scorer: str, is_returning: BoolArray, probability: FloatArray
) -> list[CurvePoint]:
    """Mean prediction and return rate in bins of equal size; equal predictions share a bin.

    Bounds: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    rows = len(probability)
    values, groups, sizes = np.unique(probability, return_inverse=True, return_counts=True)
    middles = sizes.cumsum() - sizes / 2
    bins = (middles / rows * CALIBRATION_BIN_COUNT).astype(np.int64)
    _, bins = np.unique(bins, return_inverse=True)
    counts = np.bincount(bins, sizes)
    means = np.bincount(bins, sizes * values) / counts
    returning = np.bincount(bins[groups], is_returning)
    points = []
    for number, (mean, count, returned) in enumerate(zip(means, counts, returning, strict=True), 1):
        interval = binomtest(int(returned), int(count)).proportion_ci(0.95, method="wilson")
        points.append(
            CurvePoint(
                scorer, "calibration", number, float(mean), float(returned / count),
                float(interval.low), float(interval.high), float(count), float(returned),
            )
        )  # fmt: skip
    return points


def lift_curve(
    scorer: str, lifts: FloatArray, samples: FloatArray, is_returning: BoolArray
) -> list[CurvePoint]:
    """Lift among the best 1 %, 2 %, ... of the customers."""
    customers, returning = len(is_returning), is_returning.sum()
    return [
        CurvePoint(
            scorer, "lift", number + 1, float(share), float(lift),
            *find_interval(samples[:, number]), float(share * customers),
            float(lift * share * returning),
        )
        for number, (share, lift) in enumerate(zip(SHARES, lifts, strict=True))
    ]  # fmt: skip


def threshold_curves(scorer: str, ranking: Ranking, rows: int) -> Iterator[CurvePoint]:
    """Precision and recall, and the ROC, at thresholds that are evenly spread along each curve."""
    returning, taken = ranking.accumulate(np.ones(rows))
    recall = returning / returning[-1]
    fall_out = (taken - returning) / (taken[-1] - returning[-1])
    precision = np.divide(returning, taken, out=np.ones(len(returning)), where=taken > 0)
    for curve_name, x_values, y_values, along in (
        ("precision_recall", recall[1:], precision[1:], recall[1:]),
        ("roc", fall_out, recall, fall_out + recall),
    ):
        positions = np.linspace(along[0], along[-1], CURVE_POINT_COUNT)
        skipped = len(returning) - len(along)
        for number, index in enumerate(np.unique(np.searchsorted(along, positions)), 1):
            yield CurvePoint(
                scorer, curve_name, number, float(x_values[index]), float(y_values[index]),
                None, None, float(taken[index + skipped]), float(returning[index + skipped]),
            )  # fmt: skip


def score_distribution(
    scorer: str, is_returning: BoolArray, score: FloatArray, *, is_probability: bool
) -> list[CurvePoint]:
    """Share of customers by score, in bins of equal width (of a probability's log-odds)."""
    values = log_odds(score) if is_probability else score
    counts, edges = np.histogram(values, DISTRIBUTION_BIN_COUNT)
    returning_counts, _ = np.histogram(values[is_returning], edges)
    middles = (edges[:-1] + edges[1:]) / 2
    places = expit(middles) if is_probability else middles
    return [
        CurvePoint(
            scorer, "score_distribution", number, float(middle), float(count / len(score)),
            None, None, float(count), float(returning),
        )
        for number, (middle, count, returning) in enumerate(
            zip(places, counts, returning_counts, strict=True), 1
        )
    ]  # fmt: skip

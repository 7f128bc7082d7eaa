"""How good a model is: point values by scikit-learn, bands by bootstrap over customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    calinski_harabasz_score,
    davies_bouldin_score,
    log_loss,
    roc_auc_score,
    silhouette_score,
)

from ml.features import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Metric:
    """A row of ``ml.model_metrics`` without its model.

    Attributes:
        split: ``train`` or ``test``.
        metric_name: such as ``roc_auc``.
        metric_value: the point value.
        lower_bound: of the confidence band, if there is one.
        upper_bound: of the confidence band, if there is one.
        baseline_name: the simple rule that does best on this metric, if one was tried.
        baseline_value: what that rule reaches.
    """

    split: str
    metric_name: str
    metric_value: float
    lower_bound: float | None = None
    upper_bound: float | None = None
    baseline_name: str | None = None
    baseline_value: float | None = None


def weighted_roc_auc(
    labels_by_score: BoolArray, tie_starts: IntArray, weights_by_score: FloatArray
) -> float:
    """Area under the ROC curve of weighted rows that are sorted by ascending score.

    The share of (returning, lost) pairs that the score puts in the right order, ties counting
    half (Hanley and McNeil 1982). Rows with the same score form a tie group.

    Args:
        labels_by_score: shape (rows,), in score order.
        tie_starts: index of the first row of each tie group, ascending, beginning with 0.
        weights_by_score: shape (rows,), 0 or more.

    Returns:
        Between 0 and 1; NaN where one class has no weight.

    Example:
        >>> labels = np.array([False, True, False, True])
        >>> float(weighted_roc_auc(labels, np.arange(4), np.ones(4)))
        0.75
    """
    positive = np.add.reduceat(np.where(labels_by_score, weights_by_score, 0.0), tie_starts)
    negative = np.add.reduceat(np.where(labels_by_score, 0.0, weights_by_score), tie_starts)
    below = np.cumsum(negative) - negative
    total = positive.sum() * negative.sum()
    return float((positive * (below + negative / 2)).sum() / total) if total else float("nan")


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
    wanted = share * len(score)
    order = np.argsort(-score, kind="stable")
    _, starts, counts = np.unique(-score[order], return_index=True, return_counts=True)
    returning = np.add.reduceat(is_returning[order].astype(np.float64), starts)
    taken = np.clip(wanted - (np.cumsum(counts) - counts), 0, counts)
    found = float((returning * taken / counts).sum())
    return float(found / wanted / is_returning.mean())


def evaluate_return_scores(
    is_returning: BoolArray,
    probability: FloatArray,
    baselines: Mapping[str, FloatArray],
    *,
    train_base_rate: float,
    resample_count: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Metric]:
    """Judge probabilities of returning on a later period, beside simple rules.

    Bands are the 2.5th and 97.5th percentile over bootstrap samples of customers (Efron 1979).
    ``roc_auc_gain`` is the paired difference to the rule that does best on the point value.

    Args:
        is_returning: shape (customers,), both classes present.
        probability: shape (customers,), between 0 and 1.
        baselines: rule name to its score, shape (customers,), higher is likelier to return.
        train_base_rate: share that returned in training; the constant baseline of the losses.
        resample_count: bootstrap samples, at least 1.
        seed: of the bootstrap.
        progress: called with samples done and samples to do.

    Raises:
        ValueError: only one class is present, no baseline is given, a score has another shape
            than the labels, a probability is not between 0 and 1, or there are no samples.
    """
    if is_returning.all() or not is_returning.any():
        raise ValueError(
            f"expected both returning and lost customers in the test period, got only "
            f"{'returning' if is_returning.any() else 'lost'} ones among {len(is_returning)}; "
            "choose another test date"
        )
    if not baselines:
        raise ValueError(
            "expected at least one baseline, got none; a score means nothing alone, so give a "
            "simple rule such as recency"
        )
    for name, score in {"the model": probability, **baselines}.items():
        if score.shape != is_returning.shape:
            raise ValueError(
                f"expected one score of {name} for each of {len(is_returning)} customers, got "
                f"shape {score.shape}; read scores and labels with one query"
            )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError(
            f"expected probabilities between 0 and 1, got {probability.min()} to "
            f"{probability.max()}; pass probabilities, not log-odds"
        )
    if resample_count < 1:
        raise ValueError(
            f"expected at least 1 bootstrap sample, got {resample_count}; bands need some 200"
        )
    constant = np.full(len(probability), train_base_rate)
    auc = {name: float(roc_auc_score(is_returning, score)) for name, score in baselines.items()}
    precision = {
        name: float(average_precision_score(is_returning, score))
        for name, score in baselines.items()
    }
    lift = {name: lift_in_best_share(is_returning, score) for name, score in baselines.items()}
    best = max(sorted(auc), key=lambda name: auc[name])

    rng = np.random.default_rng(seed)
    sorted_rows = {"model": _score_order(probability), "baseline": _score_order(baselines[best])}
    samples = np.empty((resample_count, 2))
    rows = len(probability)
    for index in range(resample_count):
        weights = np.bincount(rng.integers(0, rows, rows), minlength=rows).astype(np.float64)
        for column, (order, starts) in enumerate(sorted_rows.values()):
            samples[index, column] = weighted_roc_auc(is_returning[order], starts, weights[order])
        progress(index + 1, resample_count)
    low, high = np.nanpercentile(samples[:, 0], [2.5, 97.5])
    gain_low, gain_high = np.nanpercentile(samples[:, 0] - samples[:, 1], [2.5, 97.5])

    model_auc = float(roc_auc_score(is_returning, probability))
    best_precision = max(sorted(precision), key=lambda name: precision[name])
    best_lift = max(sorted(lift), key=lambda name: lift[name])
    return [
        Metric("test", "base_rate", float(is_returning.mean())),
        Metric("test", "roc_auc", model_auc, float(low), float(high), best, auc[best]),
        Metric("test", "roc_auc_gain", model_auc - auc[best], float(gain_low), float(gain_high),
               best, 0.0),
        Metric("test", "pr_auc", float(average_precision_score(is_returning, probability)),
               baseline_name=best_precision, baseline_value=precision[best_precision]),
        Metric("test", "lift_in_best_tenth", lift_in_best_share(is_returning, probability),
               baseline_name=best_lift, baseline_value=lift[best_lift]),
        Metric("test", "log_loss", float(log_loss(is_returning, probability)),
               baseline_name="base rate", baseline_value=float(log_loss(is_returning, constant))),
        Metric("test", "brier_score", float(brier_score_loss(is_returning, probability)),
               baseline_name="base rate",
               baseline_value=float(brier_score_loss(is_returning, constant))),
    ]  # fmt: skip


def _score_order(score: FloatArray) -> tuple[IntArray, IntArray]:
    """Row order by ascending score, and where each group of equal scores begins."""
    order = np.argsort(score, kind="stable")
    _, starts = np.unique(score[order], return_index=True)
    return order, starts


def evaluate_segments(
    scaled: FloatArray, segment_ids: IntArray, *, sample_size: int = 5_000, seed: int = 0
) -> list[Metric]:
    """Judge a segmentation in the space that it was fitted in.

    Silhouette (Rousseeuw 1987) is quadratic, so it is taken on a random sample; Calinski-Harabasz
    (1974) and Davies-Bouldin (1979) on all rows.

    Args:
        scaled: shape (customers, features).
        segment_ids: shape (customers,), from 0.
        sample_size: rows for the silhouette.
        seed: of that sample.

    Returns:
        No quality metrics where all customers are in one segment, or each in one of their own.
    """
    sizes = np.bincount(segment_ids)
    occupied = sizes[sizes > 0]
    metrics = [Metric("train", "smallest_segment_share", float(occupied.min() / len(segment_ids)))]
    if not 2 <= len(occupied) < len(segment_ids):
        return metrics
    rng = np.random.default_rng(seed)
    size = min(sample_size, len(segment_ids))
    rows = np.sort(rng.choice(len(segment_ids), size=size, replace=False))
    if 2 <= len(np.unique(segment_ids[rows])) < size:
        score = float(silhouette_score(scaled[rows], segment_ids[rows]))
        metrics.append(Metric("train", "silhouette", score))
    metrics.append(
        Metric("train", "calinski_harabasz", float(calinski_harabasz_score(scaled, segment_ids)))
    )
    metrics.append(
        Metric("train", "davies_bouldin", float(davies_bouldin_score(scaled, segment_ids)))
    )
    return metrics

"""How good a model is: point values by scikit-learn, bands by bootstrap over customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    calinski_harabasz_score,
    davies_bouldin_score,
    log_loss,
    roc_auc_score,
    silhouette_score,
)

from ml.calibration import fit_calibration_line, log_odds
from ml.features import FloatArray
from ml.figures import BaselineMetric, CurvePoint, Metric

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
    found, taken = _Ranking.of(is_returning, score).accumulate(np.ones(len(score)))
    return float(np.interp(share * len(score), taken, found) / found[-1] / share)


@dataclass(frozen=True)
class Judgement:
    """What a test period says of a model.

    Attributes:
        metrics: rows of ``ml.model_metrics``.
        baselines: rows of ``ml.baseline_metrics``, each rule on each metric that it can have.
        curves: rows of ``ml.model_curves``.
    """

    metrics: tuple[Metric, ...]
    baselines: tuple[BaselineMetric, ...]
    curves: tuple[CurvePoint, ...]


MODEL = "model"
BASE_RATE = "base rate"
BEST_SHARES = (1, 5, 10, 20)  # per cent of all customers
CURVE_POINT_COUNT = 100
CALIBRATION_BIN_COUNT = 10
DISTRIBUTION_BIN_COUNT = 20

_SHARES = np.arange(1, 101) / 100
_RANKED = (
    "roc_auc",
    "pr_auc",
    *(f"lift_at_{share}_percent" for share in BEST_SHARES),
    *(f"recall_at_{share}_percent" for share in BEST_SHARES),
    "expected_profit_per_customer",
)
_LOSSES = ("log_loss", "brier_score")
_COMPARED = (*_RANKED, *_LOSSES, "brier_skill")  # with baselines
_COUNTS = tuple(
    f"{kind}_count"
    for kind in ("true_positive", "false_positive", "true_negative", "false_negative")
)
_Values = dict[tuple[str, str], float]


@dataclass(frozen=True)
class _Ranking:
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
    def of(cls, is_returning: BoolArray, score: FloatArray) -> _Ranking:
        negated, groups = np.unique(-score, return_inverse=True)
        return cls(-negated, groups, np.flatnonzero(is_returning))

    def accumulate(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returning weight and all weight among the best 0, 1, 2, ... groups."""
        size = len(self.scores)
        found = np.bincount(self.groups[self.returning], weights[self.returning], minlength=size)
        taken = np.bincount(self.groups, weights, minlength=size)
        return np.append(0.0, found.cumsum()), np.append(0.0, taken.cumsum())


def _roc_area(found: FloatArray, taken: FloatArray) -> float:
    """Share of (returning, lost) pairs in the right order, ties counting half.

    Source: Hanley and McNeil (1982), The meaning and use of the area under a ROC curve. NaN where
    one class has no weight.
    """
    pairs = found[-1] * (taken[-1] - found[-1])
    return float(np.trapezoid(found, taken - found) / pairs) if pairs else float("nan")


def _average_precision(found: FloatArray, taken: FloatArray) -> float:
    """Precision at each group, weighted by the recall that it adds (as scikit-learn's)."""
    precision = np.divide(found[1:], taken[1:], out=np.zeros(len(found) - 1), where=taken[1:] > 0)
    return float((np.diff(found) * precision).sum() / found[-1])


@dataclass(frozen=True)
class _Test:
    """A test period, with all that does not change from one resample to the next.

    Attributes:
        rankings: by scorer.
        losses: by metric and scorer, shape (customers,).
        odds: of the model's groups.
        contact_cost: of one customer.
        return_value: of one who returns.
    """

    rankings: Mapping[str, _Ranking]
    losses: Mapping[tuple[str, str], FloatArray]
    odds: FloatArray
    contact_cost: float
    return_value: float

    def measure(self, weights: FloatArray) -> tuple[_Values, FloatArray]:
        """Each metric of each scorer, and lifts by scorer and share, of weighted customers."""
        values: _Values = {}
        lifts = []
        total = float(weights.sum())
        found, taken = self.rankings[MODEL].accumulate(weights)
        threshold = self.contact_cost / self.return_value
        contacted_groups = int((self.rankings[MODEL].scores >= threshold).sum())
        contacted, hits = taken[contacted_groups], found[contacted_groups]
        returning = found[-1]
        counts = (hits, contacted - hits, total - returning - contacted + hits, returning - hits)
        values |= {(name, MODEL): float(count) for name, count in zip(_COUNTS, counts, strict=True)}
        values["base_rate", MODEL] = float(returning / total)
        line = fit_calibration_line(self.odds, np.diff(found), np.diff(taken))
        values["calibration_slope", MODEL], values["calibration_intercept", MODEL] = line
        for scorer, ranking in self.rankings.items():
            if scorer != MODEL:
                found, taken = ranking.accumulate(weights)
            values["roc_auc", scorer] = _roc_area(found, taken)
            values["pr_auc", scorer] = _average_precision(found, taken)
            recalls = np.interp(_SHARES * total, taken, found) / returning
            lifts.append(recalls / _SHARES)
            for share in BEST_SHARES:
                values[f"lift_at_{share}_percent", scorer] = float(lifts[-1][share - 1])
                values[f"recall_at_{share}_percent", scorer] = float(recalls[share - 1])
            returned = float(np.interp(contacted, taken, found))
            profit = returned * self.return_value - contacted * self.contact_cost
            values["expected_profit_per_customer", scorer] = float(profit / total)
        for (name, scorer), loss in self.losses.items():
            values[name, scorer] = float(weights @ loss / total)
            if name == "brier_score":
                reference = weights @ self.losses[name, BASE_RATE] / total
                values["brier_skill", scorer] = float(1 - values[name, scorer] / reference)
        return values, np.array(lifts)


def judge_return_scores(
    is_returning: BoolArray,
    probability: FloatArray,
    baselines: Mapping[str, FloatArray],
    *,
    train_base_rate: float,
    contact_cost: float,
    return_value: float,
    baseline_probabilities: Mapping[str, FloatArray] | None = None,
    resample_count: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Judgement:
    """Judge probabilities of returning on a later period, beside baselines.

    Bounds are the 2.5th and 97.5th percentile over bootstrap samples of customers (Efron 1979); a
    sample with one class only is left out, and without any sample there are no bounds. Each metric
    is held to the baseline that does best on its point value, and ``<metric>_gain`` is the
    difference to it in the same samples, above 0 where the model is better. Ranks
    (``roc_auc``, ``pr_auc``, lift, recall, profit) are held to every rule; losses
    (``log_loss``, ``brier_score``, ``brier_skill``) to the base rate and to rules that are
    probabilities. The profit contacts whom the model puts at ``contact_cost / return_value`` or
    above; a rule contacts as many, by its own order. Of tied customers at a cut-off the average
    counts. The skill is 1 less the Brier score over the base rate's (Brier 1950; Murphy 1973).
    Calibration slope and intercept (Cox 1958) are left out where they are not determined, as for
    equal probabilities.

    Args:
        is_returning: shape (customers,), both classes present.
        probability: shape (customers,), between 0 and 1.
        baselines: rule name to its score, shape (customers,), higher is likelier to return.
        train_base_rate: share that returned in training, between 0 and 1; the constant baseline
            of the losses.
        contact_cost: of contacting a customer, 0 or more, in the shop's currency.
        return_value: of a customer who returns, above 0, likewise.
        baseline_probabilities: rule name to its probabilities, for the losses.
        resample_count: bootstrap samples, at least 1.
        seed: of the bootstrap.
        progress: called with samples done and samples to do.

    Raises:
        ValueError: only one class is present, no baseline is given, a score has another shape
            than the labels or is not finite, a probability is not between 0 and 1, a name is
            taken, a cost is below 0, a value is not above 0, or there are no samples.

    Example:
        >>> labels = np.arange(40) % 4 == 0
        >>> judgement = judge_return_scores(
        ...     labels, np.where(labels, 0.6, 0.1), {"recency": np.arange(40.0)},
        ...     train_base_rate=0.2, contact_cost=1, return_value=4, resample_count=20,
        ... )
        >>> [(metric.metric_name, metric.metric_value) for metric in judgement.metrics[:2]]
        [('base_rate', 0.25), ('threshold', 0.25)]
    """
    _require_own_names([*baselines, *(baseline_probabilities or {})])
    probabilities = {MODEL: probability, **(baseline_probabilities or {})}
    _require_judgeable(is_returning, probabilities, baselines)
    _require_settings(train_base_rate, contact_cost, return_value, resample_count)
    probabilities[BASE_RATE] = np.full(len(probability), train_base_rate)
    scores = {MODEL: probability, **baselines}
    losses = {}
    for scorer, given in probabilities.items():
        clipped = np.clip(given, _EPSILON, 1 - _EPSILON)
        losses["log_loss", scorer] = -np.log(np.where(is_returning, clipped, 1 - clipped))
        losses["brier_score", scorer] = (given - is_returning) ** 2
    rankings = {scorer: _Ranking.of(is_returning, score) for scorer, score in scores.items()}
    test = _Test(rankings, losses, log_odds(rankings[MODEL].scores), contact_cost, return_value)

    point, lifts = test.measure(np.ones(len(probability)))
    for scorer, score in scores.items():
        point["roc_auc", scorer] = float(roc_auc_score(is_returning, score))
        point["pr_auc", scorer] = float(average_precision_score(is_returning, score))
    for scorer, given in probabilities.items():
        point["log_loss", scorer] = float(log_loss(is_returning, given))
        point["brier_score", scorer] = float(brier_score_loss(is_returning, given))

    rng = np.random.default_rng(seed)
    rows = len(probability)
    samples = []
    for index in range(resample_count):
        weights = np.bincount(rng.integers(0, rows, rows), minlength=rows).astype(np.float64)
        if 0 < weights[is_returning].sum() < rows:
            samples.append(test.measure(weights))
        progress(index + 1, resample_count)

    lift_samples = np.array([lift for _, lift in samples]).reshape(-1, *lifts.shape)
    best = max(sorted(baselines), key=lambda name: point["roc_auc", name])
    threshold = Metric("test", "threshold", contact_cost / return_value)
    resampled = [values for values, _ in samples]
    held_to = _list_baselines(point, resampled)
    metrics = _list_metrics(point, resampled, held_to)
    curves = [
        *(
            curve_point
            for scorer, given in probabilities.items()
            if scorer != BASE_RATE
            for curve_point in _calibration_curve(scorer, is_returning, given)
        ),
        *(
            curve_point
            for number, scorer in enumerate(scores)
            for curve_point in (
                *_lift_curve(scorer, lifts[number], lift_samples[:, number], is_returning),
                *_threshold_curves(scorer, rankings[scorer], rows),
            )
        ),
        *_score_distribution(MODEL, is_returning, probability, is_probability=True),
        *_score_distribution(
            best,
            is_returning,
            probabilities.get(best, baselines[best]),
            is_probability=best in probabilities,
        ),
    ]
    return Judgement((metrics[0], threshold, *metrics[1:]), tuple(held_to), tuple(curves))


_EPSILON = float(np.finfo(np.float64).eps)  # where scikit-learn's log_loss clips


def _interval(samples: Sequence[float] | FloatArray) -> tuple[float | None, float | None]:
    """2.5th and 97.5th percentile of the samples in which the value is determined, if any."""
    found = np.asarray(samples, dtype=np.float64)
    if np.isnan(found).all():
        return None, None
    lower, upper = np.nanpercentile(found, [2.5, 97.5])
    return float(lower), float(upper)


def _list_baselines(point: _Values, samples: Sequence[_Values]) -> list[BaselineMetric]:
    """Each rule on each metric, and what the model has over it in the same samples."""
    rows = []
    for name in _COMPARED:
        sign = -1 if name in _LOSSES else 1
        of_model = np.array([sample[name, MODEL] for sample in samples])
        for rule in sorted(scorer for known, scorer in point if known == name and scorer != MODEL):
            values = np.array([sample[name, rule] for sample in samples])
            rows.append(
                BaselineMetric(
                    rule,
                    name,
                    point[name, rule],
                    *_interval(values),
                    sign * (point[name, MODEL] - point[name, rule]),
                    *_interval(sign * (of_model - values)),
                )
            )
    return rows


def _list_metrics(
    point: _Values, samples: Sequence[_Values], held_to: Sequence[BaselineMetric]
) -> list[Metric]:
    """Point values, bounds, best baselines and gains as rows, the base rate first."""
    metrics = []
    for name in ("base_rate", "calibration_slope", "calibration_intercept", *_COUNTS):
        if not np.isnan(point[name, MODEL]):
            interval = _interval([sample[name, MODEL] for sample in samples])
            metrics.append(Metric("test", name, point[name, MODEL], *interval))
    for name in _COMPARED:
        rules = [rule for rule in held_to if rule.metric_name == name]
        best = min(rules, key=lambda rule: rule.gain)
        interval = _interval([sample[name, MODEL] for sample in samples])
        metrics.append(
            Metric(
                "test", name, point[name, MODEL], *interval, best.baseline_name, best.metric_value
            )
        )
        metrics.append(
            Metric(
                "test", f"{name}_gain",
                best.gain, best.gain_lower_bound, best.gain_upper_bound, best.baseline_name, 0.0,
            )
        )  # fmt: skip
    return metrics


def _calibration_curve(
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
    for number, (mean, count, found) in enumerate(zip(means, counts, returning, strict=True), 1):
        interval = binomtest(int(found), int(count)).proportion_ci(0.95, method="wilson")
        points.append(
            CurvePoint(
                scorer, "calibration", number, float(mean), float(found / count),
                float(interval.low), float(interval.high), float(count), float(found),
            )
        )  # fmt: skip
    return points


def _lift_curve(
    scorer: str, lifts: FloatArray, samples: FloatArray, is_returning: BoolArray
) -> list[CurvePoint]:
    """Lift among the best 1 %, 2 %, ... of the customers."""
    customers, returning = len(is_returning), is_returning.sum()
    return [
        CurvePoint(
            scorer, "lift", number + 1, float(share), float(lift), *_interval(samples[:, number]),
            float(share * customers), float(lift * share * returning),
        )
        for number, (share, lift) in enumerate(zip(_SHARES, lifts, strict=True))
    ]  # fmt: skip


def _threshold_curves(scorer: str, ranking: _Ranking, rows: int) -> Iterator[CurvePoint]:
    """Precision and recall, and the ROC, at thresholds that are evenly spread along each curve."""
    found, taken = ranking.accumulate(np.ones(rows))
    recall = found / found[-1]
    fall_out = (taken - found) / (taken[-1] - found[-1])
    precision = np.divide(found, taken, out=np.ones(len(found)), where=taken > 0)
    for curve_name, x_values, y_values, along in (
        ("precision_recall", recall[1:], precision[1:], recall[1:]),
        ("roc", fall_out, recall, fall_out + recall),
    ):
        wanted = np.linspace(along[0], along[-1], CURVE_POINT_COUNT)
        skipped = len(found) - len(along)
        for number, index in enumerate(np.unique(np.searchsorted(along, wanted)), 1):
            yield CurvePoint(
                scorer, curve_name, number, float(x_values[index]), float(y_values[index]),
                None, None, float(taken[index + skipped]), float(found[index + skipped]),
            )  # fmt: skip


def _score_distribution(
    scorer: str, is_returning: BoolArray, score: FloatArray, *, is_probability: bool
) -> list[CurvePoint]:
    """Share of customers by score, in bins of equal width (of a probability's log-odds)."""
    values = log_odds(score) if is_probability else score
    counts, edges = np.histogram(values, DISTRIBUTION_BIN_COUNT)
    found, _ = np.histogram(values[is_returning], edges)
    middles = (edges[:-1] + edges[1:]) / 2
    return [
        CurvePoint(
            scorer, "score_distribution", number, float(middle), float(count / len(score)),
            None, None, float(count), float(returning),
        )
        for number, (middle, count, returning) in enumerate(
            zip(expit(middles) if is_probability else middles, counts, found, strict=True), 1
        )
    ]  # fmt: skip


def paired_auc_difference(
    is_returning: BoolArray,
    one: FloatArray,
    other: FloatArray,
    *,
    groups: IntArray | None = None,
    resample_count: int = 200,
    seed: int = 0,
) -> tuple[float, float | None, float | None]:
    """By how much one score ranks better than another, on the same customers.

    Args:
        is_returning: shape (rows,), both classes present.
        one: shape (rows,), higher is likelier to return.
        other: likewise.
        groups: who each row is of, shape (rows,), where people have several rows: the bootstrap
            then draws people with all their rows. Without it, rows.
        resample_count: bootstrap samples, at least 1.
        seed: of the bootstrap.

    Returns:
        Area under the ROC curve of one less that of the other, and its 95 % bounds, None where
        every sample had one class only.

    Raises:
        ValueError: only one class is present, there are no samples, or a score or the groups have
            another shape than the labels or are not finite.

    Example:
        >>> labels = np.array([False, True] * 20)
        >>> paired_auc_difference(labels, labels * 1.0, np.zeros(40))
        (0.5, 0.5, 0.5)
    """
    people = np.arange(len(is_returning)) if groups is None else groups
    _require_judgeable(is_returning, {}, {"one": one, "other": other, "the groups": people})
    _require_samples(resample_count)
    _, people = np.unique(people, return_inverse=True)
    count = int(people.max()) + 1
    rankings = [_Ranking.of(is_returning, score) for score in (one, other)]

    def difference(weights: FloatArray) -> float:
        areas = [_roc_area(*ranking.accumulate(weights)) for ranking in rankings]
        return areas[0] - areas[1]

    rng = np.random.default_rng(seed)
    samples = [
        difference(
            np.bincount(rng.integers(0, count, count), minlength=count)[people].astype(np.float64)
        )
        for _ in range(resample_count)
    ]
    return difference(np.ones(len(is_returning))), *_interval(samples)


def _require_judgeable(
    is_returning: BoolArray,
    probabilities: Mapping[str, FloatArray],
    baselines: Mapping[str, FloatArray | IntArray],
) -> None:
    if is_returning.all() or not is_returning.any():
        raise ValueError(
            f"expected both returning and lost customers in the test period, got only "
            f"{'returning' if is_returning.any() else 'lost'} ones among {len(is_returning)}; "
            "choose another test date"
        )
    if not baselines:
        raise ValueError(
            "expected at least one baseline, got none; a score means nothing alone, so give a "
            "baseline such as recency"
        )
    for name, score in {**baselines, **probabilities}.items():
        if score.shape != is_returning.shape:
            raise ValueError(
                f"expected one score of {name} for each of {len(is_returning)} customers, got "
                f"shape {score.shape}; read scores and labels with one query"
            )
    for name, score in baselines.items():
        if not np.isfinite(score).all():
            raise ValueError(
                f"expected finite scores of {name}, got {int((~np.isfinite(score)).sum())} that "
                "are missing or infinite; say what the rule does with these customers"
            )
    for name, score in probabilities.items():
        if not ((score >= 0) & (score <= 1)).all():
            raise ValueError(
                f"expected probabilities of {name} between 0 and 1, got {score.min()} to "
                f"{score.max()}; pass probabilities, not log-odds"
            )


def _require_own_names(names: Sequence[str]) -> None:
    for name in (MODEL, BASE_RATE):
        if name in names:
            raise ValueError(
                f"expected baselines with names of their own, got {name!r}; the model and the base "
                "rate are judged in any case, so leave it out or call it something else"
            )


def _require_settings(
    train_base_rate: float, contact_cost: float, return_value: float, resample_count: int
) -> None:
    if not 0 <= train_base_rate <= 1:
        raise ValueError(
            f"expected a base rate between 0 and 1, got {train_base_rate}; pass the share that "
            "returned in training"
        )
    if contact_cost < 0 or return_value <= 0:
        raise ValueError(
            f"expected a cost of contact of at least 0 and a value of a return above 0, got "
            f"{contact_cost} and {return_value}; mend the fit's settings"
        )
    _require_samples(resample_count)


def _require_samples(resample_count: int) -> None:
    if resample_count < 1:
        raise ValueError(
            f"expected at least 1 bootstrap sample, got {resample_count}; bounds need some 200"
        )


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

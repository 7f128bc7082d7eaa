"""How good a churn model is: point values by scikit-learn, bands by bootstrap over customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from ml.calibration import fit_calibration_line, log_odds
from ml.churn.curves import (
    SHARES,
    calibration_curve,
    lift_curve,
    score_distribution,
    threshold_curves,
)
from ml.churn.preconditions import (
    BASE_RATE,
    MODEL,
    require_judgeable,
    require_own_names,
    require_samples,
    require_settings,
)
from ml.churn.ranking import (
    BoolArray,
    IntArray,
    Ranking,
    average_precision,
    find_interval,
    roc_area,
)
from ml.features import FloatArray
from ml.figures import BaselineMetric, CurvePoint, Metric


@dataclass(frozen=True)
class Judgement:
    """What a test period says of a model.

    Attributes:
        metrics: rows of ``ml.model_metrics``.
        baselines: rows of ``ml.baseline_metrics``, each baseline on each metric that it can have.
        curves: rows of ``ml.model_curves``.
    """

    metrics: tuple[Metric, ...]
    baselines: tuple[BaselineMetric, ...]
    curves: tuple[CurvePoint, ...]


BEST_SHARES = (1, 5, 10, 20)  # per cent of all customers


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
class _Test:
    """A test period, with all that does not change from one resample to the next.

    Attributes:
        rankings: by scorer.
        losses: by metric and scorer, shape (customers,).
        odds: of the model's groups.
        contact_cost: of one customer.
        return_value: of one who returns.
    """

    rankings: Mapping[str, Ranking]
    losses: Mapping[tuple[str, str], FloatArray]
    odds: FloatArray
    contact_cost: float
    return_value: float

    def measure(self, weights: FloatArray) -> tuple[_Values, FloatArray]:
        """Each metric of each scorer, and lifts by scorer and share, of weighted customers."""
        values: _Values = {}
        lifts = []
        total = float(weights.sum())
        returning_by_group, taken = self.rankings[MODEL].accumulate(weights)
        threshold = self.contact_cost / self.return_value
        contacted_groups = int((self.rankings[MODEL].scores >= threshold).sum())
        contacted, hits = taken[contacted_groups], returning_by_group[contacted_groups]
        returning = returning_by_group[-1]
        counts = (hits, contacted - hits, total - returning - contacted + hits, returning - hits)
        values |= {(name, MODEL): float(count) for name, count in zip(_COUNTS, counts, strict=True)}
        values["base_rate", MODEL] = float(returning / total)
        line = fit_calibration_line(self.odds, np.diff(returning_by_group), np.diff(taken))
        values["calibration_slope", MODEL], values["calibration_intercept", MODEL] = line
        for scorer, ranking in self.rankings.items():
            if scorer != MODEL:
                returning_by_group, taken = ranking.accumulate(weights)
            values["roc_auc", scorer] = roc_area(returning_by_group, taken)
            values["pr_auc", scorer] = average_precision(returning_by_group, taken)
            recalls = np.interp(SHARES * total, taken, returning_by_group) / returning
            lifts.append(recalls / SHARES)
            for share in BEST_SHARES:
                values[f"lift_at_{share}_percent", scorer] = float(lifts[-1][share - 1])
                values[f"recall_at_{share}_percent", scorer] = float(recalls[share - 1])
            returned = float(np.interp(contacted, taken, returning_by_group))
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
    (``roc_auc``, ``pr_auc``, lift, recall, profit) are compared with every baseline; losses
    (``log_loss``, ``brier_score``, ``brier_skill``) with the base rate and with baselines that are
    probabilities. The profit contacts whom the model puts at ``contact_cost / return_value`` or
    above; a baseline contacts as many, by its own order. Of tied customers at a cut-off the average
    counts. The skill is 1 less the Brier score over the base rate's (Brier 1950; Murphy 1973).
    Calibration slope and intercept (Cox 1958) are left out where they are not determined, as for
    equal probabilities.

    Args:
        is_returning: shape (customers,), both classes present.
        probability: shape (customers,), between 0 and 1.
        baselines: name to its score, shape (customers,), higher is likelier to return.
        train_base_rate: share that returned in training, between 0 and 1; the constant baseline
            of the losses.
        contact_cost: of contacting a customer, 0 or more, in the shop's currency.
        return_value: of a customer who returns, above 0, likewise.
        baseline_probabilities: name of a baseline to its probabilities, for the losses.
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
    require_own_names([*baselines, *(baseline_probabilities or {})])
    probabilities = {MODEL: probability, **(baseline_probabilities or {})}
    require_judgeable(is_returning, probabilities, baselines)
    require_settings(train_base_rate, contact_cost, return_value, resample_count)
    probabilities[BASE_RATE] = np.full(len(probability), train_base_rate)
    scores = {MODEL: probability, **baselines}
    losses = {}
    for scorer, given in probabilities.items():
        clipped = np.clip(given, _EPSILON, 1 - _EPSILON)
        losses["log_loss", scorer] = -np.log(np.where(is_returning, clipped, 1 - clipped))
        losses["brier_score", scorer] = (given - is_returning) ** 2
    rankings = {scorer: Ranking.of(is_returning, score) for scorer, score in scores.items()}
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
            for curve_point in calibration_curve(scorer, is_returning, given)
        ),
        *(
            curve_point
            for number, scorer in enumerate(scores)
            for curve_point in (
                *lift_curve(scorer, lifts[number], lift_samples[:, number], is_returning),
                *threshold_curves(scorer, rankings[scorer], rows),
            )
        ),
        *score_distribution(MODEL, is_returning, probability, is_probability=True),
        *score_distribution(
            best,
            is_returning,
            probabilities.get(best, baselines[best]),
            is_probability=best in probabilities,
        ),
    ]
    return Judgement((metrics[0], threshold, *metrics[1:]), tuple(held_to), tuple(curves))


_EPSILON = float(np.finfo(np.float64).eps)  # where scikit-learn's log_loss clips


def _list_baselines(point: _Values, samples: Sequence[_Values]) -> list[BaselineMetric]:
    """Each baseline on each metric, and what the model has over it in the same samples."""
    rows = []
    for name in _COMPARED:
        sign = -1 if name in _LOSSES else 1
        of_model = np.array([sample[name, MODEL] for sample in samples])
        for baseline in sorted(
            scorer for metric_name, scorer in point if metric_name == name and scorer != MODEL
        ):
            values = np.array([sample[name, baseline] for sample in samples])
            rows.append(
                BaselineMetric(
                    baseline,
                    name,
                    point[name, baseline],
                    *find_interval(values),
                    sign * (point[name, MODEL] - point[name, baseline]),
                    *find_interval(sign * (of_model - values)),
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
            interval = find_interval([sample[name, MODEL] for sample in samples])
            metrics.append(Metric("test", name, point[name, MODEL], *interval))
    for name in _COMPARED:
        compared = [row for row in held_to if row.metric_name == name]
        best = min(compared, key=lambda row: row.gain)
        interval = find_interval([sample[name, MODEL] for sample in samples])
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
    require_judgeable(is_returning, {}, {"one": one, "other": other, "the groups": people})
    require_samples(resample_count)
    _, people = np.unique(people, return_inverse=True)
    count = int(people.max()) + 1
    rankings = [Ranking.of(is_returning, score) for score in (one, other)]

    def difference(weights: FloatArray) -> float:
        areas = [roc_area(*ranking.accumulate(weights)) for ranking in rankings]
        return areas[0] - areas[1]

    rng = np.random.default_rng(seed)
    samples = [
        difference(
            np.bincount(rng.integers(0, count, count), minlength=count)[people].astype(np.float64)
        )
        for _ in range(resample_count)
    ]
    return difference(np.ones(len(is_returning))), *find_interval(samples)

"""Metrics: by hand, by scikit-learn, and by what bands must do."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from threadpoolctl import threadpool_limits

from ml.churn.evaluation import judge_return_scores, paired_auc_difference
from ml.churn.ranking import lift_in_best_share


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


# --- return scores ------------------------------------------------------------------------------


def binormal(seed, rows, distance):
    """Labels and a score whose true area under the curve is Phi(distance / root 2)."""
    rng = np.random.default_rng(seed)
    is_returning = np.arange(rows) % 4 == 0
    score = norm.cdf((rng.normal(size=rows) + distance * is_returning) / 2)
    return is_returning, score, rng.normal(size=rows)


def judge_all(is_returning, probability, baselines, **options):
    options = {"train_base_rate": 0.25, "contact_cost": 1.0, "return_value": 2.0, **options}
    return judge_return_scores(is_returning, probability, baselines, **options)


def judge(is_returning, probability, baselines, **options):
    judgement = judge_all(is_returning, probability, baselines, **options)
    assert all(metric.split == "test" for metric in judgement.metrics)
    metrics = {metric.metric_name: metric for metric in judgement.metrics}
    assert len(metrics) == len(judgement.metrics)
    return metrics


RANKED = ["roc_auc", "pr_auc", "expected_profit_per_customer"] + [
    f"{metric}_at_{share}_percent" for metric in ("lift", "recall") for share in (1, 5, 10, 20)
]
LOSSES = ["log_loss", "brier_score"]
HELD = [*RANKED, *LOSSES, "brier_skill"]
COUNTS = [
    f"{kind}_count"
    for kind in ("true_positive", "false_positive", "true_negative", "false_negative")
]


def test_point_values_and_baselines_are_those_of_scikit_learn():
    is_returning, probability, noise = binormal(1, 300, 1.0)
    weak = probability + noise
    metrics = judge(is_returning, probability, {"noise": noise, "weak": weak}, resample_count=5)
    assert metrics["base_rate"].metric_value == 0.25
    assert metrics["log_loss"].metric_value == log_loss(is_returning, probability)
    assert metrics["brier_score"].metric_value == brier_score_loss(is_returning, probability)
    for name, measure in (("roc_auc", roc_auc_score), ("pr_auc", average_precision_score)):
        of_weak, of_noise = measure(is_returning, weak), measure(is_returning, noise)
        assert of_weak > of_noise
        assert metrics[name].metric_value == measure(is_returning, probability)
        assert (metrics[name].baseline_name, metrics[name].baseline_value) == ("weak", of_weak)
        gain = metrics[f"{name}_gain"]
        assert gain.metric_value == measure(is_returning, probability) - of_weak
        assert (gain.baseline_name, gain.baseline_value) == ("weak", 0)


def test_every_metric_that_has_a_baseline_has_a_gain_and_no_other():
    is_returning, probability, noise = binormal(1, 300, 1.0)
    metrics = judge(is_returning, probability, {"noise": noise})
    alone = {"base_rate", "threshold", "calibration_slope", "calibration_intercept", *COUNTS}
    assert set(metrics) == {*HELD, *(f"{name}_gain" for name in HELD), *alone}
    for name, metric in metrics.items():
        assert (metric.baseline_name is None) == (name in alone)
        assert (metric.baseline_value is None) == (name in alone)
        assert (metric.lower_bound is None) == (name == "threshold")
        if metric.lower_bound is not None:
            assert metric.lower_bound <= metric.upper_bound
    for name in RANKED:
        assert metrics[name].baseline_name == "noise"
    for name in [*LOSSES, "brier_skill"]:
        assert metrics[name].baseline_name == "base rate"


def test_a_rule_has_the_figures_that_it_would_have_as_a_model():
    is_returning, probability, noise = binormal(1, 300, 1.0)
    rules = {"rule": norm.cdf(noise), "noise": -probability}
    given = {"rule": rules["rule"]}
    judgement = judge_all(is_returning, probability, rules, baseline_probabilities=given)
    beside = {(row.baseline_name, row.metric_name): row for row in judgement.baselines}
    alone = judge(is_returning, rules["rule"], {"noise": -probability})
    profit = "expected_profit_per_customer"  # a rule contacts as many as the model does
    for name in {*HELD} - {profit}:
        row, metric = beside["rule", name], alone[name]
        assert (row.metric_value, row.lower_bound, row.upper_bound) == pytest.approx(
            (metric.metric_value, metric.lower_bound, metric.upper_bound)
        )
    assert {name for rule, name in beside if rule == "noise"} == {*RANKED}
    assert {name for rule, name in beside if rule == "base rate"} == {*LOSSES, "brier_skill"}


def test_a_metric_is_held_to_the_rule_that_leaves_the_least_gain():
    is_returning, probability, noise = binormal(2, 300, 1.0)
    rules = {"noise": noise, "half": probability + noise, "worst": -noise}
    judgement = judge_all(is_returning, probability, rules)
    metrics = {metric.metric_name: metric for metric in judgement.metrics}
    for name in HELD:
        rows = [row for row in judgement.baselines if row.metric_name == name]
        best = min(rows, key=lambda row: row.gain)
        sign = -1 if name in LOSSES else 1
        for row in rows:
            difference = sign * (metrics[name].metric_value - row.metric_value)
            assert row.gain == pytest.approx(difference)
            assert row.gain_lower_bound <= row.gain_upper_bound
        gain = metrics[f"{name}_gain"]
        assert (metrics[name].baseline_name, metrics[name].baseline_value) == (
            best.baseline_name, best.metric_value,
        )  # fmt: skip
        assert (gain.metric_value, gain.lower_bound, gain.upper_bound) == (
            best.gain, best.gain_lower_bound, best.gain_upper_bound,
        )  # fmt: skip
    _, lower, upper = paired_auc_difference(is_returning, probability, noise)
    (row,) = [
        row for row in judgement.baselines
        if (row.baseline_name, row.metric_name) == ("noise", "roc_auc")
    ]  # fmt: skip
    assert (row.gain_lower_bound, row.gain_upper_bound) == pytest.approx((lower, upper))


def test_lift_and_recall_are_counted():
    # Of 200 customers 8 return; the model has 2 of them first, 2 more among the best 10, 3 more
    # among the best 40, and one last. The rule has them all first.
    is_returning = np.zeros(200, bool)
    is_returning[[0, 1, 5, 9, 15, 25, 35, 199]] = True
    probability = np.linspace(0.9, 0.1, 200)
    metrics = judge(is_returning, probability, {"rule": 1.0 * is_returning}, resample_count=3)
    recalls = {1: 2 / 8, 5: 4 / 8, 10: 5 / 8, 20: 7 / 8}
    best = {1: 2 / 8, 5: 1.0, 10: 1.0, 20: 1.0}
    for share, recall in recalls.items():
        assert metrics[f"recall_at_{share}_percent"].metric_value == pytest.approx(recall)
        assert metrics[f"recall_at_{share}_percent"].baseline_value == pytest.approx(best[share])
        lift = metrics[f"lift_at_{share}_percent"]
        assert lift.metric_value == pytest.approx(recall / (share / 100))
        assert lift.metric_value == pytest.approx(
            lift_in_best_share(is_returning, probability, share / 100)
        )
        gain = metrics[f"lift_at_{share}_percent_gain"].metric_value
        assert gain == pytest.approx((recall - best[share]) / (share / 100))


def test_the_confusion_matrix_and_the_profit_are_counted_at_the_threshold():
    # Contact costs 1 and a return brings 4: contact from 0.25 on. That is the first 4, of whom 2
    # return: 2 * 4 - 4 * 1 = 4 on 10 customers. The rule contacts its own best 4, of whom the last
    # two are drawn from 4 that tie and of whom 1 returns: 1.5 expected, so 1.5 * 4 - 4 = 2.
    is_returning = np.array([1, 0, 1, 0, 0, 0, 1, 0, 0, 0], dtype=bool)
    probability = np.array([0.9, 0.5, 0.3, 0.25, 0.2, 0.2, 0.1, 0.1, 0.0, 0.0])
    rule = np.array([9.0, 1, 1, 1, 0, 0, 0, 9, 1, 0])
    options = {"contact_cost": 1.0, "return_value": 4.0, "resample_count": 3}
    metrics = judge(is_returning, probability, {"rule": rule}, **options)
    assert metrics["threshold"].metric_value == 0.25
    assert [metrics[name].metric_value for name in COUNTS] == [2, 2, 5, 1]
    profit = metrics["expected_profit_per_customer"]
    assert (profit.metric_value, profit.baseline_value) == pytest.approx((0.4, 0.2))
    assert metrics["expected_profit_per_customer_gain"].metric_value == pytest.approx(0.2)


def test_a_threshold_that_nobody_reaches_earns_and_costs_nothing():
    is_returning, probability, noise = binormal(1, 40, 1.0)
    options = {"contact_cost": 3.0, "return_value": 2.0}
    metrics = judge(is_returning, probability, {"noise": noise}, **options)
    assert [metrics[name].metric_value for name in COUNTS] == [0, 0, 30, 10]
    for name in ("expected_profit_per_customer", "expected_profit_per_customer_gain"):
        metric = metrics[name]
        assert (metric.metric_value, metric.lower_bound, metric.upper_bound) == (0, 0, 0)


def test_losses_are_held_to_the_rate_of_the_training_period():
    is_returning = np.array([True] * 3 + [False] * 7)
    probability = np.where(is_returning, 0.6, 0.1)
    metrics = judge(is_returning, probability, {"rule": probability}, train_base_rate=0.2)
    entropy = -(0.3 * np.log(0.2) + 0.7 * np.log(0.8))
    constant = 0.3 * 0.8**2 + 0.7 * 0.2**2
    reached = 0.3 * 0.4**2 + 0.7 * 0.1**2
    assert metrics["log_loss"].baseline_value == pytest.approx(entropy)
    assert metrics["brier_score"].baseline_value == pytest.approx(constant)
    assert metrics["brier_score"].metric_value == pytest.approx(reached)
    assert metrics["brier_score_gain"].metric_value == pytest.approx(constant - reached)
    assert metrics["brier_skill"].metric_value == pytest.approx(1 - reached / constant)
    assert metrics["brier_skill"].baseline_value == pytest.approx(0)


def test_losses_are_held_to_rules_that_are_probabilities_too():
    is_returning, probability, noise = binormal(1, 400, 0.5)
    better, worse = (2 * is_returning + probability) / 3, 1 - probability
    given = {"better": better, "worse": worse}
    metrics = judge(is_returning, probability, {"noise": noise}, baseline_probabilities=given)
    for name, measure in (("log_loss", log_loss), ("brier_score", brier_score_loss)):
        assert metrics[name].baseline_name == "better"
        assert metrics[name].baseline_value == measure(is_returning, better)
        gain = metrics[f"{name}_gain"]
        assert gain.metric_value == pytest.approx(
            measure(is_returning, better) - measure(is_returning, probability)
        )
        assert gain.upper_bound < 0
    assert metrics["brier_skill"].baseline_name == "better"
    assert metrics["roc_auc"].baseline_name == "noise"
    lost = judge(is_returning, probability, {"n": noise}, baseline_probabilities={"worse": worse})
    assert lost["log_loss"].baseline_name == "base rate"


def test_a_perfect_score_is_perfect_in_every_metric():
    is_returning = np.arange(100) % 5 == 0
    metrics = judge(is_returning, is_returning.astype(float), {"upside down": -1.0 * is_returning})
    roc_auc, gain = metrics["roc_auc"], metrics["roc_auc_gain"]
    assert (roc_auc.metric_value, roc_auc.lower_bound, roc_auc.upper_bound) == (1, 1, 1)
    assert (gain.metric_value, gain.lower_bound, gain.upper_bound) == (1, 1, 1)
    assert roc_auc.baseline_value == 0
    assert metrics["pr_auc"].metric_value == 1
    assert metrics["lift_at_10_percent"].metric_value == pytest.approx(5)
    assert metrics["recall_at_20_percent"].metric_value == pytest.approx(1)
    assert metrics["log_loss"].metric_value == pytest.approx(0, abs=1e-12)
    assert metrics["brier_score"].metric_value == 0
    assert metrics["brier_skill"].metric_value == 1
    # No line fits it best: the steeper, the better.
    assert "calibration_slope" not in metrics


def test_the_calibration_line_is_scikit_learns():
    is_returning, probability, noise = binormal(4, 3000, 1.0)
    odds = np.log(probability / (1 - probability))
    expected = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    expected.fit(odds[:, None], is_returning)
    metrics = judge(is_returning, probability, {"noise": noise})
    slope, intercept = metrics["calibration_slope"], metrics["calibration_intercept"]
    assert slope.metric_value == pytest.approx(expected.coef_[0, 0], abs=1e-6)
    assert intercept.metric_value == pytest.approx(expected.intercept_[0], abs=1e-6)
    assert slope.lower_bound < slope.metric_value < slope.upper_bound


def test_the_same_probability_for_all_has_no_calibration_line():
    is_returning, _, noise = binormal(4, 100, 1.0)
    judgement = judge_all(is_returning, np.full(100, 0.25), {"noise": noise})
    names = {metric.metric_name for metric in judgement.metrics}
    assert not names & {"calibration_slope", "calibration_intercept"}
    (bar,) = [point for point in judgement.curves if point.curve_name == "calibration"]
    assert (bar.customer_count, bar.returning_count, bar.x_value) == (100, 25, 0.25)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 2.0]))
def test_bands_contain_the_point_value(seed, distance):
    is_returning, probability, noise = binormal(seed, 400, distance)
    metrics = judge(is_returning, probability, {"noise": noise})
    for name in (
        "roc_auc",
        "roc_auc_gain",
        "brier_score",
        "brier_score_gain",
        "lift_at_20_percent",
    ):
        metric = metrics[name]
        assert metric.lower_bound < metric.metric_value < metric.upper_bound


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 40), st.integers(1, 3))
def test_bounds_are_those_of_a_bootstrap_that_draws_rows_one_by_one(seed, rows, decimals):
    # The slow way: repeat the drawn rows and ask scikit-learn.
    rng = np.random.default_rng(seed)
    is_returning = rng.random(rows) < 0.5
    assume(is_returning.any())
    assume(not is_returning.all())
    probability, rule = np.round(rng.random((2, rows)), decimals)
    metrics = judge(is_returning, probability, {"rule": rule}, resample_count=20, seed=seed)
    measures = {
        "roc_auc": (roc_auc_score, 1),
        "pr_auc": (average_precision_score, 1),
        "brier_score": (brier_score_loss, -1),
        "log_loss": (log_loss, -1),
        "lift_at_20_percent": (lambda labels, score: lift_in_best_share(labels, score, 0.2), 1),
    }
    draws = np.random.default_rng(seed)
    drawn = [draws.integers(0, rows, rows) for _ in range(20)]
    drawn = [take for take in drawn if 0 < is_returning[take].sum() < rows]
    assume(drawn)
    for name, (measure, sign) in measures.items():
        other = np.full(rows, 0.25) if sign < 0 else rule
        model = [measure(is_returning[take], probability[take]) for take in drawn]
        gains = [
            sign * (value - measure(is_returning[take], other[take]))
            for value, take in zip(model, drawn, strict=True)
        ]
        for metric, values in ((metrics[name], model), (metrics[f"{name}_gain"], gains)):
            assert (metric.lower_bound, metric.upper_bound) == pytest.approx(
                tuple(np.percentile(values, [2.5, 97.5])), abs=1e-9
            )


def test_bands_shrink_with_the_root_of_the_rows():
    widths = []
    for rows in (300, 1200, 4800):
        is_returning, probability, noise = binormal(3, rows, 0.7)
        metric = judge(is_returning, probability, {"noise": noise})["roc_auc"]
        widths.append(metric.upper_bound - metric.lower_bound)
    np.testing.assert_allclose(widths[1:], [widths[0] / 2, widths[0] / 4], rtol=0.25)


def placements(is_returning, score):
    """Share of lost rows below each returning one, and of returning rows above each lost one."""
    is_above = score[is_returning][:, None] > score[~is_returning]
    return is_above.mean(axis=1), is_above.mean(axis=0)


def test_bands_are_as_wide_as_the_standard_error_of_delong_says():
    # DeLong, DeLong and Clarke-Pearson (1988), eq. 4: from the share of the other class that each
    # row is placed above. 95 % of a normal distribution lie within 1.96 standard errors.
    is_returning, probability, noise = binormal(8, 1500, 0.8)
    shares = placements(is_returning, probability)
    error = np.sqrt(sum(share.var(ddof=1) / len(share) for share in shares))
    metric = judge(is_returning, probability, {"noise": noise}, resample_count=1000)["roc_auc"]
    assert metric.upper_bound - metric.lower_bound == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_gains_are_as_wide_as_the_paired_standard_error_of_delong_says():
    # The same for two scores on the same rows, which is far less than if they were on different
    # ones (eq. 5 and 6): the variance of the difference of the placements.
    is_returning, probability, noise = binormal(8, 1500, 0.8)
    other = norm.ppf(probability) + 0.2 * noise
    pairs = zip(placements(is_returning, probability), placements(is_returning, other), strict=True)
    error = np.sqrt(sum((one - two).var(ddof=1) / len(one) for one, two in pairs))
    metrics = judge(is_returning, probability, {"other": other}, resample_count=1000)
    gain, area = metrics["roc_auc_gain"], metrics["roc_auc"]
    assert gain.upper_bound - gain.lower_bound == pytest.approx(2 * 1.96 * error, rel=0.08)
    assert gain.upper_bound - gain.lower_bound < (area.upper_bound - area.lower_bound) / 2


def test_bands_cover_the_true_area_about_nineteen_times_in_twenty():
    # For normal scores a distance d apart the area is Phi(d / root 2); against a score that is the
    # same for all the difference is that less 1/2. Of 60 bands 57 should cover it; fewer than 51
    # would come less than once in a thousand times.
    truth = norm.cdf(0.6 / np.sqrt(2)) - 0.5
    covered = 0
    for seed in range(60):
        is_returning, score, _ = binormal(seed, 300, 0.6)
        _, lower, upper = paired_auc_difference(is_returning, score, np.zeros(300), seed=seed)
        covered += lower <= truth <= upper
    assert 51 <= covered < 60


def test_the_difference_of_two_random_scores_has_a_band_that_contains_0():
    contained = 0
    for seed in range(60):
        is_returning, score, noise = binormal(seed, 300, 0.0)
        _, lower, upper = paired_auc_difference(is_returning, score, noise, seed=seed)
        contained += lower <= 0 <= upper
    assert 51 <= contained < 60


def test_the_gain_over_the_very_same_score_is_exactly_0_in_every_sample():
    is_returning, probability, _ = binormal(2, 200, 1.0)
    given = {"itself": probability}
    options = {"baseline_probabilities": given, "train_base_rate": 0.999}
    metrics = judge(is_returning, probability, given, **options)
    for name in HELD:
        metric = metrics[f"{name}_gain"]
        assert (metric.metric_value, metric.lower_bound, metric.upper_bound) == (0, 0, 0)


def test_the_same_seed_gives_the_same_bands_and_another_seed_others():
    is_returning, probability, noise = binormal(5, 200, 0.5)
    first, same, other = (
        judge(is_returning, probability, {"noise": noise}, seed=seed) for seed in (1, 1, 2)
    )
    assert first == same
    assert first["roc_auc"].metric_value == other["roc_auc"].metric_value
    assert first["roc_auc"].lower_bound != other["roc_auc"].lower_bound


def test_samples_with_one_class_only_are_left_out_and_without_any_there_are_no_bounds():
    # Two customers: half of all samples draw one of them twice. The first seeds draw both, or not.
    labels, probability = np.array([True, False]), np.array([0.9, 0.1])
    one_class = [
        seed for seed in range(20) if len(set(np.random.default_rng(seed).integers(0, 2, 2))) == 1
    ]
    assert 0 < len(one_class) < 20
    for seed in range(20):
        options = {"resample_count": 1, "seed": seed}
        judgement = judge_all(labels, probability, {"r": -probability}, **options)
        for metric in judgement.metrics:
            is_unbounded = metric.lower_bound is None and metric.upper_bound is None
            assert is_unbounded == (seed in one_class or metric.metric_name == "threshold")
        lift = [point for point in judgement.curves if point.curve_name == "lift"]
        assert all((point.lower_bound is None) == (seed in one_class) for point in lift)
        assert paired_auc_difference(labels, probability, -probability, **options) == (
            (1, None, None) if seed in one_class else (1, 1, 1)
        )


def test_of_equally_good_baselines_the_first_in_the_alphabet_is_named():
    is_returning, probability, noise = binormal(5, 100, 0.5)
    for baselines in ({"b": noise, "a": noise}, {"a": noise, "b": noise}):
        metrics = judge(is_returning, probability, baselines, resample_count=2)
        assert {metrics[name].baseline_name for name in RANKED} == {"a"}


def test_progress_is_told_of_every_sample():
    is_returning, probability, noise = binormal(5, 50, 0.5)
    updates = []
    judge(
        is_returning,
        probability,
        {"noise": noise},
        resample_count=3,
        progress=lambda done, all_of_them: updates.append((done, all_of_them)),
    )
    assert updates == [(1, 3), (2, 3), (3, 3)]


LABELS = np.array([True, False, False])
SCORE = np.array([0.5, 0.2, 0.1])


@pytest.mark.parametrize(
    ("is_returning", "probability", "baselines", "options", "expected"),
    [
        (np.ones(3, bool), SCORE, {"r": SCORE}, {}, "got only returning ones among 3; choose"),
        (np.zeros(3, bool), SCORE, {"r": SCORE}, {}, "got only lost ones among 3; choose"),
        (LABELS, SCORE, {}, {}, "at least one baseline, got none; .*give a baseline"),
        (LABELS, SCORE[:2], {"r": SCORE}, {}, r"score of model for each of 3 .* shape \(2,\)"),
        (LABELS, SCORE, {"r": SCORE[:2]}, {}, r"score of r for each of 3 .* got shape \(2,\)"),
        (LABELS, 3 * SCORE, {"r": SCORE}, {}, r"of model between 0 and 1, got 0\.3.* to 1\.5"),
        (LABELS, SCORE * np.nan, {"r": SCORE}, {}, "between 0 and 1, got nan to nan; pass"),
        (
            LABELS,
            SCORE,
            {"r": SCORE * [1, np.inf, 1]},
            {},
            "finite scores of r, got 1 that are mis",
        ),
        (LABELS, SCORE, {"model": SCORE}, {}, "names of their own, got 'model'; the model and"),
        (
            LABELS,
            SCORE,
            {"r": SCORE},
            {"baseline_probabilities": {"base rate": SCORE}},
            "names of their own, got 'base rate'",
        ),
        (
            LABELS,
            SCORE,
            {"r": SCORE},
            {"baseline_probabilities": {"p": -SCORE}},
            r"probabilities of p between 0 and 1, got -0\.5 to -0\.1; pass",
        ),
        (LABELS, SCORE, {"r": SCORE}, {"train_base_rate": 2}, "between 0 and 1, got 2; pass the"),
        (LABELS, SCORE, {"r": SCORE}, {"contact_cost": -1.0}, r"above 0, got -1\.0 and 2\.0; mend"),
        (LABELS, SCORE, {"r": SCORE}, {"return_value": 0.0}, r"above 0, got 1\.0 and 0\.0; mend"),
        (LABELS, SCORE, {"r": SCORE}, {"resample_count": 0}, "1 bootstrap sample, got 0; bounds"),
    ],
)
def test_what_cannot_be_judged_is_refused(is_returning, probability, baselines, options, expected):
    with pytest.raises(ValueError, match=expected):
        judge(is_returning, probability, baselines, **options)


# --- curves -------------------------------------------------------------------------------------


def curve(judgement, scorer, curve_name):
    points = [
        point
        for point in judgement.curves
        if (point.scorer, point.curve_name) == (scorer, curve_name)
    ]
    assert [point.point_number for point in points] == list(range(1, len(points) + 1))
    return points


def test_calibration_has_ten_bins_of_equal_size_with_wilsons_interval():
    rng = np.random.default_rng(0)
    probability = np.sort(rng.random(1000))
    is_returning = rng.random(1000) < probability
    judgement = judge_all(is_returning, probability, {"rule": probability})
    points = curve(judgement, "model", "calibration")
    assert len(points) == 10
    z = norm.ppf(0.975)
    for number, point in enumerate(points):
        part = slice(100 * number, 100 * number + 100)
        rate = is_returning[part].mean()
        assert point.x_value == pytest.approx(probability[part].mean())
        assert (point.y_value, point.customer_count) == (rate, 100)
        assert point.returning_count == is_returning[part].sum()
        # Wilson (1927): the roots of (rate - p) ** 2 = z ** 2 p (1 - p) / n.
        middle = (rate + z**2 / 200) / (1 + z**2 / 100)
        half = z * np.sqrt(rate * (1 - rate) / 100 + z**2 / 40000) / (1 + z**2 / 100)
        assert (point.lower_bound, point.upper_bound) == pytest.approx(
            (middle - half, middle + half)
        )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60))
def test_calibration_bins_hold_everybody_once_and_never_part_equal_predictions(rows):
    is_returning = np.array([label for label, _ in rows])
    probability = np.array([value / 8 for _, value in rows])
    assume(is_returning.any())
    assume(not is_returning.all())
    judgement = judge_all(is_returning, probability, {"rule": probability}, resample_count=1)
    points = curve(judgement, "model", "calibration")
    assert 1 <= len(points) <= min(10, len(set(probability)))
    edges = np.cumsum([point.customer_count for point in points])
    assert edges[-1] == len(rows)
    ordered = np.sort(probability)
    for edge in edges[:-1].astype(int):
        assert ordered[edge - 1] < ordered[edge]
    assert sum(point.returning_count for point in points) == is_returning.sum()
    means = [point.x_value * point.customer_count for point in points]
    assert sum(means) == pytest.approx(probability.sum())


def test_baselines_that_are_probabilities_have_a_calibration_curve_too():
    is_returning, probability, noise = binormal(1, 200, 1.0)
    judgement = judge_all(
        is_returning,
        probability,
        {"noise": noise, "half": probability},
        baseline_probabilities={"half": probability / 2},
    )
    model, half = (curve(judgement, scorer, "calibration") for scorer in ("model", "half"))
    assert [2 * point.x_value for point in half] == pytest.approx([p.x_value for p in model])
    assert [point.y_value for point in half] == [point.y_value for point in model]
    assert curve(judgement, "noise", "calibration") == []


def test_the_lift_curve_has_a_point_for_each_per_cent_and_bounds():
    is_returning, probability, noise = binormal(1, 250, 1.0)
    judgement = judge_all(is_returning, probability, {"noise": noise})
    metrics = {metric.metric_name: metric for metric in judgement.metrics}
    for scorer, score in (("model", probability), ("noise", noise)):
        points = curve(judgement, scorer, "lift")
        assert [point.x_value for point in points] == [share / 100 for share in range(1, 101)]
        for point in points:
            lift = lift_in_best_share(is_returning, score, point.x_value)
            assert point.y_value == pytest.approx(lift)
            assert point.customer_count == pytest.approx(250 * point.x_value)
            rate = point.returning_count / point.customer_count
            assert rate / is_returning.mean() == pytest.approx(lift)
            assert point.lower_bound <= point.y_value <= point.upper_bound
        assert points[-1].y_value == pytest.approx(1)
    for share in (1, 5, 10, 20):
        point = curve(judgement, "model", "lift")[share - 1]
        metric = metrics[f"lift_at_{share}_percent"]
        assert (point.lower_bound, point.upper_bound) == (metric.lower_bound, metric.upper_bound)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 400), st.sampled_from([1, 2, 17]))
def test_points_of_roc_and_precision_recall_are_scikit_learns(seed, rows, decimals):
    rng = np.random.default_rng(seed)
    is_returning = rng.random(rows) < 0.3
    assume(is_returning.any())
    assume(not is_returning.all())
    probability = np.round(rng.random(rows), decimals)
    judgement = judge_all(is_returning, probability, {"rule": -probability}, resample_count=1)
    for scorer, score in (("model", probability), ("rule", -probability)):
        roc = curve(judgement, scorer, "roc")
        fall_out, recall, _ = roc_curve(is_returning, score, drop_intermediate=False)
        expected = {(round(x, 9), round(y, 9)) for x, y in zip(fall_out, recall, strict=True)}
        shown = [(round(point.x_value, 9), round(point.y_value, 9)) for point in roc]
        assert set(shown) <= expected
        assert shown == sorted(shown)
        assert (shown[0], shown[-1]) == ((0, 0), (1, 1))
        assert len(shown) == len(expected) if len(expected) <= 25 else 25 < len(shown) <= 100

        precisions, recalls, _ = precision_recall_curve(is_returning, score)
        expected = {(round(x, 9), round(y, 9)) for x, y in zip(recalls, precisions, strict=True)}
        points = curve(judgement, scorer, "precision_recall")
        shown = [(round(point.x_value, 9), round(point.y_value, 9)) for point in points]
        assert set(shown) <= expected
        assert shown[-1][0] == 1
        assert len(shown) <= 100
        for point in points:
            assert point.y_value == pytest.approx(point.returning_count / point.customer_count)


def test_the_score_distribution_counts_everybody_in_twenty_bins_of_log_odds():
    is_returning = np.arange(400) % 4 == 0
    odds = np.linspace(-4, 0, 401)[1:]  # 20 values in each fifth of a unit
    probability = 1 / (1 + np.exp(-odds))
    rule = np.repeat(np.arange(20.0), 20)
    judgement = judge_all(is_returning, probability, {"rule": rule, "worse": -1.0 * is_returning})
    points = curve(judgement, "model", "score_distribution")
    assert len(points) == 20
    assert sum(point.customer_count for point in points) == 400
    assert sum(point.returning_count for point in points) == 100
    assert all(19 <= point.customer_count <= 21 for point in points)
    assert sum(point.y_value for point in points) == pytest.approx(1)
    middles = np.log([point.x_value / (1 - point.x_value) for point in points])
    np.testing.assert_allclose(np.diff(middles), (odds[-1] - odds[0]) / 20)
    of_rule = curve(judgement, "rule", "score_distribution")
    assert [(point.customer_count, point.returning_count) for point in of_rule] == [(20, 5)] * 20
    np.testing.assert_allclose([point.x_value for point in of_rule], (np.arange(20) + 0.5) * 0.95)
    assert curve(judgement, "worse", "score_distribution") == []


# --- two scores of the same customers -----------------------------------------------------------


def test_the_paired_difference_is_the_gain_of_the_judgement():
    is_returning, probability, noise = binormal(9, 300, 0.8)
    gain = judge(is_returning, probability, {"noise": noise}, seed=3)["roc_auc_gain"]
    difference = paired_auc_difference(is_returning, probability, noise, seed=3)
    expected = (gain.metric_value, gain.lower_bound, gain.upper_bound)
    assert difference == pytest.approx(expected, abs=1e-12)
    back = paired_auc_difference(is_returning, noise, probability, seed=3)
    assert back == pytest.approx((-expected[0], -expected[2], -expected[1]), abs=1e-12)


def test_rows_that_come_four_times_say_no_more_if_people_are_drawn():
    is_returning, probability, noise = binormal(9, 300, 0.8)
    people = np.tile(np.arange(300), 4) * 7
    repeated = [np.tile(part, 4) for part in (is_returning, probability, noise)]
    once = paired_auc_difference(is_returning, probability, noise, seed=3)
    drawn = paired_auc_difference(*repeated, groups=people, seed=3)
    assert drawn == pytest.approx(once, abs=1e-12)
    as_rows = paired_auc_difference(*repeated, seed=3)
    assert as_rows[2] - as_rows[1] == pytest.approx((once[2] - once[1]) / 2, rel=0.25)


def test_a_difference_that_cannot_be_measured_is_refused():
    for arguments, options, expected in (
        ((LABELS | True, SCORE, SCORE), {}, "got only returning ones among 3"),
        ((LABELS, SCORE[:2], SCORE), {}, r"score of one for each of 3 customers, got shape \(2,\)"),
        ((LABELS, SCORE, SCORE * np.nan), {}, "finite scores of other, got 3"),
        ((LABELS, SCORE, SCORE), {"groups": np.arange(2)}, r"of the groups for .* shape \(2,\)"),
        ((LABELS, SCORE, SCORE), {"resample_count": 0}, "1 bootstrap sample, got 0"),
    ):
        with pytest.raises(ValueError, match=expected):
            paired_auc_difference(*arguments, **options)

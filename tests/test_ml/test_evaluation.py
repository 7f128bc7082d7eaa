"""Metrics: by hand, by scikit-learn, and by what bands must do."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    calinski_harabasz_score,
    davies_bouldin_score,
    log_loss,
    roc_auc_score,
    silhouette_score,
)
from threadpoolctl import threadpool_limits

from ml.evaluation import (
    evaluate_return_scores,
    evaluate_segments,
    lift_in_best_share,
    weighted_roc_auc,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


# --- the area under the curve -------------------------------------------------------------------


def area(is_returning, score, weights):
    order = np.argsort(score, kind="stable")
    tie_starts = np.unique(score[order], return_index=True)[1]
    return weighted_roc_auc(is_returning[order], tie_starts, weights[order])


@st.composite
def weighted_rows(draw):
    """Labels, scores with many ties, and weights of which some are 0."""
    count = draw(st.integers(2, 40))
    rows = st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 4))
    labels, scores, weights = zip(
        *draw(st.lists(rows, min_size=count, max_size=count)), strict=True
    )
    return np.array(labels), np.array(scores) / 7, np.array(weights, dtype=np.float64)


@settings(deadline=None)
@given(weighted_rows())
def test_the_weighted_area_is_that_of_scikit_learn(rows):
    is_returning, score, weights = rows
    assume(weights[is_returning].sum() > 0)
    assume(weights[~is_returning].sum() > 0)
    expected = roc_auc_score(is_returning, score, sample_weight=weights)
    assert area(is_returning, score, weights) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(weighted_rows())
def test_a_weight_of_three_counts_like_three_rows(rows):
    is_returning, score, weights = rows
    times = weights.astype(int)
    repeated = is_returning.repeat(times), score.repeat(times)
    assume(repeated[0].any())
    assume(not repeated[0].all())
    expected = area(*repeated, np.ones(len(repeated[0])))
    assert area(is_returning, score, weights) == pytest.approx(expected, abs=1e-12)


def test_the_area_is_the_share_of_pairs_in_the_right_order_and_ties_count_half():
    # Returning at 3 and 2, lost at 2 and 1: of 4 pairs 3 are right and 1 is tied.
    is_returning = np.array([True, True, False, False])
    assert area(is_returning, np.array([3.0, 2.0, 2.0, 1.0]), np.ones(4)) == 3.5 / 4


def test_the_area_is_unknown_where_a_class_has_no_weight():
    is_returning = np.array([True, False])
    assert np.isnan(area(is_returning, np.array([1.0, 2.0]), np.array([0.0, 1.0])))


# --- lift ---------------------------------------------------------------------------------------


def test_a_perfect_ranking_lifts_by_one_over_the_return_rate_until_none_is_left():
    is_returning = np.arange(20) < 4
    score = -np.arange(20.0)
    assert lift_in_best_share(is_returning, score, 0.1) == pytest.approx(5.0)
    assert lift_in_best_share(is_returning, score, 0.2) == pytest.approx(5.0)
    # Among the best 8 are all 4: a rate of a half, over one fifth.
    assert lift_in_best_share(is_returning, score, 0.4) == pytest.approx(2.5)
    assert lift_in_best_share(is_returning, -score, 0.5) == 0.0


def test_ties_at_the_border_are_averaged():
    # The best 2 of 10 are drawn from 4 tied rows of which 2 return: 1 is expected, so a rate of a
    # half, over three tenths.
    score = np.array([9.0, 9, 9, 9, 5, 4, 3, 2, 1, 0])
    is_returning = np.array([True, True, False, False, False, False, True, False, False, False])
    assert lift_in_best_share(is_returning, score, 0.2) == pytest.approx(0.5 / 0.3)


def test_a_share_may_cut_a_customer_in_two():
    # A tenth of 15 is 1.5 rows: the first returns, the second does not.
    is_returning = np.arange(15) % 3 == 0
    lift = lift_in_best_share(is_returning, -np.arange(15.0))
    assert lift == pytest.approx((1 / 1.5) / (5 / 15))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=5, max_size=5),
    st.integers(1, 5),
)
def test_lift_is_the_mean_over_all_orders_of_tied_rows(rows, taken):
    is_returning = np.array([label for label, _ in rows])
    score = np.array([float(value) for _, value in rows])
    assume(is_returning.any())
    rates = [
        is_returning[sorted(range(5), key=lambda row: (-score[row], order[row]))[:taken]].mean()
        for order in permutations(range(5))
    ]
    expected = np.mean(rates) / is_returning.mean()
    assert lift_in_best_share(is_returning, score, taken / 5) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.01, 1.0))
def test_a_score_that_is_the_same_for_all_lifts_nothing(labels, share):
    is_returning = np.array(labels)
    assume(is_returning.any())
    assert lift_in_best_share(is_returning, np.ones(len(labels)), share) == pytest.approx(1.0)


# --- return scores ------------------------------------------------------------------------------


def binormal(seed, rows, distance):
    """Labels and a score whose true area under the curve is Phi(distance / root 2)."""
    rng = np.random.default_rng(seed)
    is_returning = np.arange(rows) % 4 == 0
    score = norm.cdf((rng.normal(size=rows) + distance * is_returning) / 2)
    return is_returning, score, rng.normal(size=rows)


def judge(is_returning, probability, baselines, **options):
    options = {"train_base_rate": 0.25, **options}
    metrics = evaluate_return_scores(is_returning, probability, baselines, **options)
    assert all(metric.split == "test" for metric in metrics)
    return {metric.metric_name: metric for metric in metrics}


def test_point_values_and_baselines_are_those_of_scikit_learn():
    is_returning, probability, noise = binormal(1, 300, 1.0)
    weak = probability + noise
    found = judge(is_returning, probability, {"noise": noise, "weak": weak}, resample_count=5)
    assert found["base_rate"].metric_value == 0.25
    assert found["roc_auc"].metric_value == roc_auc_score(is_returning, probability)
    assert found["pr_auc"].metric_value == average_precision_score(is_returning, probability)
    assert found["log_loss"].metric_value == log_loss(is_returning, probability)
    assert found["brier_score"].metric_value == brier_score_loss(is_returning, probability)

    assert roc_auc_score(is_returning, weak) > roc_auc_score(is_returning, noise)
    assert found["roc_auc"].baseline_name == "weak"
    assert found["roc_auc"].baseline_value == roc_auc_score(is_returning, weak)
    gain = roc_auc_score(is_returning, probability) - roc_auc_score(is_returning, weak)
    assert found["roc_auc_gain"].metric_value == pytest.approx(gain)
    assert (found["roc_auc_gain"].baseline_name, found["roc_auc_gain"].baseline_value) == (
        "weak",
        0,
    )
    for name, measure in (("pr_auc", average_precision_score), ("lift_in_best_tenth", None)):
        values = {
            rule: measure(is_returning, score)
            if measure
            else lift_in_best_share(is_returning, score)
            for rule, score in (("noise", noise), ("weak", weak))
        }
        assert found[name].baseline_value == max(values.values())
        assert values[found[name].baseline_name] == max(values.values())


def test_losses_are_held_to_the_rate_of_the_training_period():
    is_returning = np.array([True] * 3 + [False] * 7)
    probability = np.where(is_returning, 0.6, 0.1)
    found = judge(is_returning, probability, {"rule": probability}, train_base_rate=0.2)
    entropy = -(0.3 * np.log(0.2) + 0.7 * np.log(0.8))
    assert found["log_loss"].baseline_value == pytest.approx(entropy)
    assert found["brier_score"].baseline_value == pytest.approx(0.3 * 0.8**2 + 0.7 * 0.2**2)
    assert found["brier_score"].metric_value == pytest.approx(0.3 * 0.4**2 + 0.7 * 0.1**2)


def test_a_perfect_score_is_perfect_in_every_metric():
    is_returning = np.arange(100) % 5 == 0
    found = judge(is_returning, is_returning.astype(float), {"upside down": -1.0 * is_returning})
    roc_auc, gain = found["roc_auc"], found["roc_auc_gain"]
    assert (roc_auc.metric_value, roc_auc.lower_bound, roc_auc.upper_bound) == (1, 1, 1)
    assert (gain.metric_value, gain.lower_bound, gain.upper_bound) == (1, 1, 1)
    assert roc_auc.baseline_value == 0
    assert found["pr_auc"].metric_value == 1
    assert found["lift_in_best_tenth"].metric_value == pytest.approx(5)
    assert found["log_loss"].metric_value == pytest.approx(0, abs=1e-12)
    assert found["brier_score"].metric_value == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 2.0]))
def test_bands_contain_the_point_value(seed, distance):
    is_returning, probability, noise = binormal(seed, 400, distance)
    found = judge(is_returning, probability, {"noise": noise})
    for name in ("roc_auc", "roc_auc_gain"):
        metric = found[name]
        assert metric.lower_bound < metric.metric_value < metric.upper_bound


def test_bands_shrink_with_the_root_of_the_rows():
    widths = []
    for rows in (300, 1200, 4800):
        is_returning, probability, noise = binormal(3, rows, 0.7)
        metric = judge(is_returning, probability, {"noise": noise})["roc_auc"]
        widths.append(metric.upper_bound - metric.lower_bound)
    np.testing.assert_allclose(widths[1:], [widths[0] / 2, widths[0] / 4], rtol=0.25)


def test_bands_are_as_wide_as_the_standard_error_of_delong_says():
    # DeLong, DeLong and Clarke-Pearson (1988), eq. 4: from the share of the other class that each
    # row is placed above. 95 % of a normal distribution lie within 1.96 standard errors.
    is_returning, probability, noise = binormal(8, 1500, 0.8)
    is_above = probability[is_returning][:, None] > probability[~is_returning]
    placements = is_above.mean(axis=1), is_above.mean(axis=0)
    error = np.sqrt(sum(placement.var(ddof=1) / len(placement) for placement in placements))
    metric = judge(is_returning, probability, {"noise": noise}, resample_count=1000)["roc_auc"]
    assert metric.upper_bound - metric.lower_bound == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_bands_cover_the_true_area_about_nineteen_times_in_twenty():
    # For normal scores a distance d apart the area is Phi(d / root 2). Of 60 bands 57 should cover
    # it; fewer than 51 would come less than once in a thousand times.
    truth = norm.cdf(0.6 / np.sqrt(2))
    covered = 0
    for seed in range(60):
        is_returning, probability, noise = binormal(seed, 300, 0.6)
        metric = judge(is_returning, probability, {"noise": noise}, seed=seed)["roc_auc"]
        covered += metric.lower_bound <= truth <= metric.upper_bound
    assert 51 <= covered < 60


def test_a_random_score_has_a_gain_band_that_contains_0():
    contained = 0
    for seed in range(60):
        is_returning, probability, noise = binormal(seed, 300, 0.0)
        metric = judge(is_returning, probability, {"noise": noise}, seed=seed)["roc_auc_gain"]
        contained += metric.lower_bound <= 0 <= metric.upper_bound
    assert 51 <= contained < 60


def test_the_gain_over_the_very_same_score_is_exactly_0_in_every_sample():
    is_returning, probability, _ = binormal(2, 200, 1.0)
    metric = judge(is_returning, probability, {"itself": 3 * probability - 1})["roc_auc_gain"]
    assert (metric.metric_value, metric.lower_bound, metric.upper_bound) == (0, 0, 0)


def test_the_same_seed_gives_the_same_bands_and_another_seed_others():
    is_returning, probability, noise = binormal(5, 200, 0.5)
    first, same, other = (
        judge(is_returning, probability, {"noise": noise}, seed=seed) for seed in (1, 1, 2)
    )
    assert first == same
    assert first["roc_auc"].metric_value == other["roc_auc"].metric_value
    assert first["roc_auc"].lower_bound != other["roc_auc"].lower_bound


def test_of_equally_good_baselines_the_first_in_the_alphabet_is_named():
    is_returning, probability, noise = binormal(5, 100, 0.5)
    for baselines in ({"b": noise, "a": noise}, {"a": noise, "b": noise}):
        found = judge(is_returning, probability, baselines, resample_count=2)
        assert found["roc_auc"].baseline_name == "a"
        assert found["pr_auc"].baseline_name == "a"


def test_progress_is_told_of_every_sample():
    is_returning, probability, noise = binormal(5, 50, 0.5)
    told = []
    judge(
        is_returning,
        probability,
        {"noise": noise},
        resample_count=3,
        progress=lambda done, all_of_them: told.append((done, all_of_them)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


LABELS = np.array([True, False, False])
SCORE = np.array([0.5, 0.2, 0.1])


@pytest.mark.parametrize(
    ("is_returning", "probability", "baselines", "options", "expected"),
    [
        (np.ones(3, bool), SCORE, {"r": SCORE}, {}, "got only returning ones among 3; choose"),
        (np.zeros(3, bool), SCORE, {"r": SCORE}, {}, "got only lost ones among 3; choose"),
        (LABELS, SCORE, {}, {}, "at least one baseline, got none; .*give a simple rule"),
        (
            LABELS,
            SCORE[:2],
            {"r": SCORE},
            {},
            r"score of the model for each of 3 .* got shape \(2,\)",
        ),
        (
            LABELS,
            SCORE,
            {"r": SCORE[:2]},
            {},
            r"score of r for each of 3 customers, got shape \(2,\)",
        ),
        (LABELS, 3 * SCORE, {"r": SCORE}, {}, r"between 0 and 1, got 0\.3.* to 1\.5; pass"),
        (LABELS, SCORE * np.nan, {"r": SCORE}, {}, "between 0 and 1, got nan to nan; pass"),
        (
            LABELS,
            SCORE,
            {"r": SCORE},
            {"resample_count": 0},
            "1 bootstrap sample, got 0; bands need",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(is_returning, probability, baselines, options, expected):
    with pytest.raises(ValueError, match=expected):
        judge(is_returning, probability, baselines, **options)


# --- segments -----------------------------------------------------------------------------------


def values_of(metrics):
    assert all(metric.split == "train" for metric in metrics)
    return {metric.metric_name: metric.metric_value for metric in metrics}


def test_two_pairs_on_a_line_have_the_metrics_that_come_out_by_hand():
    # 0 and 2, 10 and 12. Between: 4 rows 5 from the middle; within: 4 rows 1 from their mean.
    # Silhouette of an outer row: own 2, other 11; of an inner row: own 2, other 9.
    scaled = np.array([[0.0], [2.0], [10.0], [12.0]])
    found = values_of(evaluate_segments(scaled, np.array([0, 0, 1, 1])))
    assert found["calinski_harabasz"] == pytest.approx((100 / 1) / (4 / 2))
    assert found["silhouette"] == pytest.approx((9 / 11 + 7 / 9) / 2)
    assert found["davies_bouldin"] == pytest.approx((1 + 1) / 10)
    assert found["smallest_segment_share"] == 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(10, 80))
def test_segment_metrics_are_those_of_scikit_learn(seed, segment_count, rows):
    rng = np.random.default_rng(seed)
    scaled = rng.normal(size=(rows, 3))
    segment_ids = rng.integers(0, segment_count, rows)
    assume(len(np.unique(segment_ids)) > 1)
    assert values_of(evaluate_segments(scaled, segment_ids)) == {
        "smallest_segment_share": np.unique(segment_ids, return_counts=True)[1].min() / rows,
        "silhouette": pytest.approx(silhouette_score(scaled, segment_ids)),
        "calinski_harabasz": pytest.approx(calinski_harabasz_score(scaled, segment_ids)),
        "davies_bouldin": pytest.approx(davies_bouldin_score(scaled, segment_ids)),
    }


def test_the_silhouette_of_a_sample_comes_near_that_of_all_rows():
    rng = np.random.default_rng(0)
    segment_ids = rng.integers(0, 3, 2000)
    scaled = rng.normal(size=(2000, 2)) + 3 * segment_ids[:, None]
    truth = silhouette_score(scaled, segment_ids)
    sampled, same, other = (
        values_of(evaluate_segments(scaled, segment_ids, sample_size=500, seed=seed))
        for seed in (1, 1, 2)
    )
    assert sampled == same
    assert sampled["silhouette"] != other["silhouette"]
    assert sampled["silhouette"] != truth
    assert sampled["silhouette"] == pytest.approx(truth, abs=0.04)
    assert sampled["calinski_harabasz"] == calinski_harabasz_score(scaled, segment_ids)


def test_a_segment_without_customers_counts_for_nothing():
    scaled = np.array([[0.0], [2.0], [10.0], [12.0], [12.0]])
    with_gap = evaluate_segments(scaled, np.array([0, 0, 3, 3, 3]))
    assert with_gap == evaluate_segments(scaled, np.array([0, 0, 1, 1, 1]))
    assert values_of(with_gap)["smallest_segment_share"] == pytest.approx(2 / 5)


@pytest.mark.parametrize("segment_ids", [[0, 0, 0], [2, 2, 2], [0, 1, 2]])
def test_one_segment_for_all_or_one_for_each_has_no_quality(segment_ids):
    found = values_of(evaluate_segments(np.array([[0.0], [1.0], [5.0]]), np.array(segment_ids)))
    assert found == {"smallest_segment_share": pytest.approx(1 / len(set(segment_ids)))}


def test_a_sample_that_sees_one_segment_only_has_no_silhouette():
    segment_ids = np.array([0] * 999 + [1])
    scaled = np.arange(1000.0)[:, None]
    found = values_of(evaluate_segments(scaled, segment_ids, sample_size=5))
    assert set(found) == {"smallest_segment_share", "calinski_harabasz", "davies_bouldin"}

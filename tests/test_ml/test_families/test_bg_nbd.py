"""BG/NBD: closed forms and identities hold, simulated shops come back, degenerate ones are said."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, hyp2f1
from scipy.stats import gamma, nbinom
from threadpoolctl import threadpool_limits

from ml.families.bg_nbd import (
    FEATURE_NAMES,
    BgNbdModel,
    PurchaseHistories,
    _log_likelihood,
    expected_purchases,
    fit_bg_nbd,
    from_rows,
    histories_from_features,
    log_likelihood,
    predict_bg_nbd,
    probability_alive,
    to_rows,
)
from ml.features import FeatureError, FeatureMatrix


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


# Published for CDNOW (Fader, Hardie and Lee 2005, table 2), and a shop where most buy once.
CDNOW = BgNbdModel(0.243, 4.414, 0.793, 2.426, 39.0, -9582.4)
ONE_TIME_BUYERS = BgNbdModel(0.0164, 9.21, 1.341, 0.222, 180 / 7, -1.0)


def histories(*rows):
    """Of (x, t_x, T), one customer each."""
    x, last, age = np.array(rows, dtype=float).T
    return PurchaseHistories(x, last, age, np.ones(len(rows)))


def simulate(model, customers, age, seed, *, afterwards=0.0):
    """Draw customers as the paper tells their story; their histories, and what they buy after."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    leaving = rng.beta(model.a, model.b, customers)
    ages = rng.integers(age // 2, age, customers).astype(float)
    now, is_alive = np.zeros(customers), np.ones(customers, bool)
    x, last, later = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    while is_alive.any():
        now = now + rng.exponential(1 / np.maximum(rate, 1e-12))
        is_alive &= now < ages + afterwards
        seen = is_alive & (now < ages)
        x += seen
        later += is_alive & ~seen
        last = np.where(seen, now, last)
        is_alive &= rng.random(customers) >= leaving
    return PurchaseHistories(x, last, ages, np.ones(customers)), later


def equation_10(model, x, last, age, horizon):
    """As printed, with the hypergeometric function."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    z = horizon / (alpha + age + horizon)
    bracket = 1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x) * hyp2f1(
        r + x, b + x, a + b + x - 1, z
    )
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + last)) ** (r + x) if x else 0.0
    return (a + b + x - 1) / (a - 1) * bracket / (1 + odds)


def weighted_histories(model, age, most=60):
    """Every history of one age on a grid, and how probable the model says each of them is.

    Given x and the last purchase at t, the others lie anywhere before it: t^(x-1) / (x-1)! ways.
    """
    points, weights = np.polynomial.legendre.leggauss(40)
    times, lengths = age * (points + 1) / 2, age * weights / 2
    x = np.repeat(np.arange(1.0, most + 1), len(times))
    last, length = np.tile(times, most), np.tile(lengths, most)
    rows = PurchaseHistories(
        np.append(0.0, x), np.append(0.0, last), np.full(len(x) + 1, age), np.ones(len(x) + 1)
    )
    density = np.array(
        [
            np.exp(log_likelihood(model, histories((each_x, each_last, age))))
            for each_x, each_last in zip(rows.repeat_count, rows.last_purchase_weeks, strict=True)
        ]
    )
    ways = np.append(1.0, np.exp((x - 1) * np.log(last) - gammaln(x)) * length)
    return rows, density * ways


MODELS = st.builds(
    BgNbdModel,
    st.floats(0.05, 5),
    st.floats(0.5, 50),
    st.floats(0.1, 4),
    st.floats(0.1, 8),
    st.just(26.0),
    st.just(0.0),
)
AGES = st.floats(0.1, 100)


def test_one_time_buyers_have_a_closed_form():
    # Nobody leaves before a repeat, so it is the chance of no purchase of a negative binomial.
    for age in (0.0, 1.0, 52.0):
        likelihood = np.exp(log_likelihood(CDNOW, histories((0, 0, age))))
        assert likelihood == pytest.approx((4.414 / (4.414 + age)) ** 0.243, rel=1e-12)
        assert likelihood == pytest.approx(nbinom.pmf(0, 0.243, 4.414 / (4.414 + age)), rel=1e-12)


def test_a_single_repeat_by_hand():
    # r = alpha = a = b = 1, x = 1 at t = 1 of T = 3. Alive: half stay, 1 / (1 + 3)^2 dt of buying
    # once at that time and not again; left: half leave, 1 / (1 + 1)^2.
    likelihood = np.exp(log_likelihood(BgNbdModel(1, 1, 1, 1, 1, 0), histories((1, 1, 3))))
    assert likelihood == pytest.approx(0.5 / 16 + 0.5 / 4)
    alive = probability_alive(BgNbdModel(1, 1, 1, 1, 1, 0), histories((1, 1, 3)))
    assert alive == pytest.approx([(0.5 / 16) / (0.5 / 16 + 0.5 / 4)])


@pytest.mark.parametrize("model", [CDNOW, BgNbdModel(0.8, 3.0, 1.0, 1.5, 1, 0)])
def test_all_histories_together_are_certain(model):
    _, probability = weighted_histories(model, age=10.0)
    assert probability.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("model", [CDNOW, BgNbdModel(0.8, 3.0, 1.0, 1.5, 1, 0)])
def test_what_is_expected_of_the_new_is_what_they_do_and_are_then_expected_to(model):
    rows, probability = weighted_histories(model, age=10.0)
    seen = probability @ rows.repeat_count
    then = probability @ expected_purchases(model, rows, 15.0)
    new = histories((0, 0, 0))
    assert expected_purchases(model, new, 10.0) == pytest.approx([seen], abs=1e-5)
    assert expected_purchases(model, new, 25.0) == pytest.approx([seen + then], abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(MODELS, st.integers(0, 30), st.floats(0, 1), AGES)
def test_the_gradient_is_that_of_the_likelihood(model, x, share, age):
    shop = histories((x, share * age if x else 0, age), (0, 0, age), (3, age / 2, age))
    shop = replace(shop, customer_count=np.array([2.0, 5.0, 1.0]))
    at = np.array([model.r, model.alpha, model.a, model.b])
    _, gradient = _log_likelihood(at, shop)
    for index in range(4):
        step = np.zeros(4)
        step[index] = 1e-5 * at[index]
        up, down = (_log_likelihood(at + sign * step, shop)[0] for sign in (1, -1))
        slope = (up - down) / (2e-5 * at[index])
        assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-4)


def test_a_published_customer_is_expected_to_buy_as_published():
    # Fader and Hardie, Implementing the BG/NBD model in Excel: customer 1 of the sample.
    first = histories((2, 30.43, 38.86))
    assert expected_purchases(CDNOW, first, 39.0).round(3) == pytest.approx([1.226])


@settings(max_examples=60, deadline=None)
@given(MODELS, st.integers(0, 15), st.floats(0, 1), st.floats(1, 60), st.floats(0.1, 1.5))
def test_expected_purchases_are_equation_10(model, x, share, age, relative_horizon):
    # Well conditioned: a off 1, a + b + x - 1 off 0, where the printed form is 0 / 0, and z at most
    # 0.6, where the hypergeometric series is short.
    a = model.a if abs(model.a - 1) > 0.1 else 1.5
    model, horizon = replace(model, a=a), relative_horizon * (model.alpha + age)
    assume(abs(a + model.b + x - 1) > 0.1)
    last = share * age if x else 0.0
    purchases = expected_purchases(model, histories((x, last, age)), horizon)
    expected = equation_10(model, x, last, age, horizon)
    assert purchases == pytest.approx([expected], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("x", [0, 4])
def test_nothing_happens_at_a_of_1_where_equation_10_divides_by_0(x):
    row = (x, 20.0 if x else 0.0, 30.0)
    at_1 = expected_purchases(replace(CDNOW, a=1.0), histories(row), 26.0)[0]
    beside = [equation_10(replace(CDNOW, a=1 + gap), *row, 26.0) for gap in (-1e-3, 1e-3)]
    assert at_1 == pytest.approx(np.mean(beside), rel=1e-6)


@pytest.mark.parametrize("x", [0.0, 1.0, 30.0])
def test_those_who_hardly_leave_buy_at_the_rate_that_they_have_shown(x):
    loyal = replace(CDNOW, a=1e-5, b=1e5)
    purchases = expected_purchases(loyal, histories((x, 40.0 if x else 0, 50.0)), 13.0)
    assert purchases == pytest.approx([13 * (0.243 + x) / (4.414 + 50)], rel=1e-6)


def test_in_a_moment_only_one_purchase_can_happen():
    rows = histories((0, 0, 20), (5, 15, 20))
    rate = (CDNOW.r + rows.repeat_count) / (CDNOW.alpha + 20)
    purchase_rate = expected_purchases(CDNOW, rows, 1e-6) / 1e-6
    assert purchase_rate == pytest.approx(rate * probability_alive(CDNOW, rows), rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(MODELS, st.integers(0, 40), AGES, AGES)
def test_one_time_buyers_are_alive_and_the_silence_of_others_speaks(model, x, age, silence):
    rows = histories((0, 0, age), (x + 1, age, age), (x + 1, age, age + silence))
    once, just_now, silent = probability_alive(model, rows)
    assert once == 1.0
    assert just_now == pytest.approx((model.b + x) / (model.a + model.b + x))
    assert 0 <= silent < just_now


@settings(max_examples=25, deadline=None)
@given(MODELS, st.integers(0, 20), AGES)
def test_a_longer_horizon_expects_more_and_from_more_purchases_too(model, x, age):
    last = age if x else 0
    purchases = [
        expected_purchases(model, histories((x, last, age)), far)[0] for far in (1, 10, 50)
    ]
    assert 0 < purchases[0] < purchases[1] < purchases[2]


def test_the_most_extreme_histories_have_finite_expectations():
    rows = histories((0, 0, 0), (0, 0, 1 / 7), (0, 0, 600 / 7), (365, 52, 52), (30, 0.1, 500))
    extreme = BgNbdModel(1e-5, 1e-2, 1e-5, 1e-5, 1, 0)
    for model in (CDNOW, ONE_TIME_BUYERS, extreme, BgNbdModel(1e5, 1e5, 1e5, 1e5, 1, 0)):
        purchases = expected_purchases(model, rows, 26.0)
        assert (np.isfinite(purchases) & (purchases >= 0)).all()
        alive = probability_alive(model, rows)
        assert ((alive >= 0) & (alive <= 1)).all()


@pytest.mark.parametrize("truth", [CDNOW, BgNbdModel(1.5, 6.0, 2.0, 6.0, 26, 0)])
def test_simulated_customers_give_their_parameters_back(truth):
    shop, later = simulate(truth, 20_000, 78, seed=1, afterwards=26)
    model = fit_bg_nbd(shop, horizon_weeks=26)
    assert model.degeneracy == ""
    # Of 20,000 customers; a and b go up and down together.
    assert model.r == pytest.approx(truth.r, rel=0.08)
    assert model.alpha == pytest.approx(truth.alpha, rel=0.08)
    assert model.a / (model.a + model.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.08)
    assert model.a == pytest.approx(truth.a, rel=0.25)
    assert log_likelihood(model, shop) == pytest.approx(model.log_likelihood, rel=1e-9)
    assert log_likelihood(model, shop) >= log_likelihood(truth, shop)
    # And what they are expected to buy is what they buy, in each group of them.
    expected = expected_purchases(truth, shop, 26)
    for group in (shop.repeat_count == 0, shop.repeat_count == 1, shop.repeat_count > 4):
        error = 4 * later[group].std() / np.sqrt(group.sum())
        assert later[group].mean() == pytest.approx(expected[group].mean(), abs=error)


def test_customers_with_the_same_history_are_fitted_as_one_row_with_their_number():
    shop, _ = simulate(CDNOW, 4_000, 60, seed=2)
    weekly = PurchaseHistories(
        shop.repeat_count,
        np.floor(shop.last_purchase_weeks),
        np.ceil(shop.age_weeks),
        shop.customer_count,
    )
    distinct = weekly.distinct()
    assert len(distinct.repeat_count) < 2_000
    assert distinct.customer_count.sum() == 4_000
    whole, short = (fit_bg_nbd(rows, horizon_weeks=26) for rows in (weekly, distinct))
    assert whole == short
    assert log_likelihood(whole, weekly) == pytest.approx(log_likelihood(whole, distinct))


def test_the_horizon_and_the_order_of_rows_leave_the_fit_as_it_is():
    shop, _ = simulate(CDNOW, 4_000, 60, seed=3)
    first = fit_bg_nbd(shop, horizon_weeks=26)
    turned = PurchaseHistories(
        shop.repeat_count[::-1],
        shop.last_purchase_weeks[::-1],
        shop.age_weeks[::-1],
        shop.customer_count,
    )
    assert fit_bg_nbd(turned, horizon_weeks=39) == replace(first, horizon_weeks=39.0)


def test_a_shop_in_which_everybody_bought_once_is_degenerate():
    ages = np.arange(1.0, 80)
    shop = PurchaseHistories(np.zeros(79), np.zeros(79), ages, np.full(79, 10.0))
    model = fit_bg_nbd(shop, horizon_weeks=26)
    assert model.is_degenerate
    assert model.degeneracy.startswith("r runs to its lower bound 1e-05, where the likelihood")


def test_a_shop_that_nobody_leaves_is_degenerate():
    shop, _ = simulate(BgNbdModel(1.0, 5.0, 1e-3, 1e5, 1, 0), 4_000, 60, seed=4)
    model = fit_bg_nbd(shop, horizon_weeks=26)
    assert model.degeneracy.startswith(("a runs to its lower bound", "b runs to its upper bound"))


def test_split_baskets_counted_as_repeats_are_said():
    # Of those who bought once, a third ordered twice within the day and never again.
    ages = np.tile(np.arange(10.0, 70), 3)
    x = np.repeat([0.0, 0.0, 1.0], 60)
    model = fit_bg_nbd(PurchaseHistories(x, x * 0, ages, np.ones(180)), horizon_weeks=26)
    assert model.degeneracy.startswith("alpha runs to its lower bound 0.01")
    assert model.degeneracy.endswith("; count at most one purchase a day")


def test_a_shop_on_its_first_day_is_degenerate():
    shop = PurchaseHistories(np.zeros(1), np.zeros(1), np.zeros(1), np.full(1, 50.0))
    assert "agree on the log-likelihood but not on r" in (
        fit_bg_nbd(shop, horizon_weeks=26).degeneracy
    )


def test_features_become_histories_and_exact_probabilities_to_return():
    matrix = FeatureMatrix(
        ("tenure_days", "paid_amount", "recency_days", "purchase_day_count"),
        np.array([[70, 9, 70, 1], [70, 9, 7, 3], [70, 9, 0, 2], [1, 9, 1, 1]], dtype=float),
    )
    rows = histories_from_features(matrix)
    assert rows.repeat_count.tolist() == [0, 2, 1, 0]
    assert rows.last_purchase_weeks.tolist() == [0, 9, 10, 0]
    assert rows.age_weeks.tolist() == [10, 10, 10, 1 / 7]
    expected = expected_purchases(CDNOW, rows, 39.0)
    probability = predict_bg_nbd(CDNOW, matrix)
    # Alive, the purchase rate is gamma with shape r + x and rate alpha + T; no purchase in 39 weeks
    # has probability exp(-39 rate) given the rate.
    no_purchase = [
        gamma(CDNOW.r + x, scale=1 / (CDNOW.alpha + age)).expect(lambda rate: np.exp(-39.0 * rate))
        for x, age in zip(rows.repeat_count, rows.age_weeks, strict=True)
    ]
    by_hand = probability_alive(CDNOW, rows) * (1 - np.array(no_purchase))
    assert probability == pytest.approx(by_hand, rel=1e-6)
    assert (probability < expected).all()


def test_rows_rebuild_the_model_and_name_the_features():
    rows = to_rows(CDNOW)
    assert from_rows(rows) == CDNOW
    assert from_rows(rows[::-1]) == CDNOW
    used = [row.feature_name for row in rows if row.parameter_name == "is_used"]
    assert tuple(used) == FEATURE_NAMES
    degenerate = replace(CDNOW, degeneracy="a runs away")
    assert degenerate.is_degenerate
    assert from_rows(to_rows(degenerate)) == CDNOW


@pytest.mark.parametrize("name", ["r", "alpha", "a", "b", "horizon_weeks", "log_likelihood"])
def test_rows_without_a_number_are_refused(name):
    rows = [row for row in to_rows(CDNOW) if row.parameter_name != name]
    with pytest.raises(ValueError, match=f"expected a row '{name}' .* got none"):
        from_rows(rows)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", ["r", "alpha", "a", "b", "horizon_weeks"])
def test_a_model_outside_the_family_is_refused(name, value):
    with pytest.raises(ValueError, match=f"expected a positive number for {name} of BG/NBD, got"):
        replace(CDNOW, **{name: value})


@pytest.mark.parametrize(
    "row",
    [
        (-1, 0, 5),
        (1.5, 2, 5),
        (np.nan, 0, 5),
        (np.inf, 2, 5),
        (1, -1, 5),
        (1, 6, 5),
        (0, 2, 5),
        (0, 0, -1),
        (0, 0, np.nan),
        (1, 2, np.inf),
    ],
)
def test_histories_that_cannot_have_happened_are_refused(row):
    with pytest.raises(ValueError, match="1 histories cannot have happened: the first has"):
        histories((1, 2, 5), row)


@pytest.mark.parametrize("count", [0.0, -1.0, np.nan, np.inf])
def test_histories_of_no_customer_are_refused(count):
    with pytest.raises(ValueError, match=f"for {count} customers; expected whole counts"):
        replace(histories((1, 2, 5)), customer_count=np.array([count]))


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="expected four columns with one entry per history, got"):
        PurchaseHistories(np.zeros(2), np.zeros(2), np.zeros(2), np.ones(1))


def test_nothing_to_fit_one_start_and_no_horizon_are_refused():
    nobody = PurchaseHistories(*(np.empty(0) for _ in range(4)))
    with pytest.raises(ValueError, match="expected one history or more, got none"):
        fit_bg_nbd(nobody, horizon_weeks=26)
    some = histories((1, 2, 5))
    with pytest.raises(ValueError, match="expected 2 or more starts, got 1"):
        fit_bg_nbd(some, horizon_weeks=26, start_count=1)
    for horizon in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="expected a horizon above 0 weeks"):
            expected_purchases(CDNOW, some, horizon)
    assert expected_purchases(CDNOW, nobody, 26.0).shape == (0,)


def test_absent_and_missing_features_are_refused():
    with pytest.raises(FeatureError, match="needs the feature 'tenure_days', which the matrix"):
        histories_from_features(FeatureMatrix(FEATURE_NAMES[:2], np.ones((1, 2))))
    with pytest.raises(FeatureError, match="feature 'recency_days' has 1 missing values"):
        predict_bg_nbd(CDNOW, FeatureMatrix(FEATURE_NAMES, np.array([[1.0, np.nan, 5.0]])))

"""Gamma-Gamma: densities are SciPy's, simulated shops come back, degenerate ones are said."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betaprime, gamma, invgamma
from threadpoolctl import threadpool_limits

from ml.families.gamma_gamma import (
    AverageSpends,
    GammaGammaModel,
    _log_likelihood,
    expected_average_amount,
    fit_gamma_gamma,
    from_rows,
    log_likelihood,
    to_rows,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


# Published for CDNOW (Fader and Hardie 2013).
CDNOW = GammaGammaModel(6.25, 3.74, 15.44, 0.0)

MODELS = st.builds(
    GammaGammaModel, st.floats(0.1, 50), st.floats(1.1, 50), st.floats(0.01, 1000), st.just(0.0)
)
COUNTS = st.integers(1, 50).map(float)
AMOUNTS = st.floats(0.01, 10_000)


def spends(*rows):
    """Of (x, average amount)."""
    x, amount = np.array(rows, dtype=float).T
    return AverageSpends(x, amount)


def simulate(model, customers, seed):
    """Draw each customer's scale, then the average of their purchases."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 9, customers).astype(float)
    scale = rng.gamma(model.q, 1 / model.v, customers)
    return AverageSpends(x, rng.gamma(model.p * x, 1 / (scale * x)))


@settings(max_examples=60, deadline=None)
@given(MODELS, COUNTS, AMOUNTS)
def test_an_average_is_a_beta_prime_number(model, x, amount):
    # A gamma number of shape p x over a gamma number of shape q, in units of v / x.
    expected = betaprime.logpdf(amount, model.p * x, model.q, scale=model.v / x)
    log_density = log_likelihood(model, spends((x, amount)))
    assert log_density == pytest.approx(expected, rel=1e-8, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(MODELS, COUNTS, AMOUNTS)
def test_what_is_expected_is_the_mean_of_bayes(model, x, amount):
    # Seen the purchases, p over the scale is inverse gamma.
    shape, rate = model.p * x + model.q, model.v + x * amount
    expected = model.p * invgamma.mean(shape, scale=rate)
    assert expected_average_amount(model, spends((x, amount))) == pytest.approx([expected])


@settings(max_examples=30, deadline=None)
@given(MODELS, COUNTS, AMOUNTS)
def test_the_gradient_is_that_of_the_likelihood(model, x, amount):
    shop = spends((x, amount), (1, 20), (0, 0), (7, 3))
    at = np.array([model.p, model.q, model.v])
    _, gradient = _log_likelihood(at, shop)
    for index in range(3):
        step = np.zeros(3)
        step[index] = 1e-5 * at[index]
        up, down = (_log_likelihood(at + sign * step, shop)[0] for sign in (1, -1))
        slope = (up - down) / (2e-5 * at[index])
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_few_purchases_are_drawn_to_the_mean_of_all_and_many_are_not():
    of_all = 6.25 * 15.44 / (3.74 - 1)
    rows = spends((0, 0), (1, 90), (10, 90), (1e9, 90), (3, of_all))
    none, one, ten, many, as_all = expected_average_amount(CDNOW, rows)
    assert none == pytest.approx(of_all)
    assert of_all < one < ten < 90
    assert many == pytest.approx(90, rel=1e-6)
    assert as_all == pytest.approx(of_all)


def test_what_those_without_a_purchase_spent_is_ignored():
    rows = AverageSpends(np.array([0.0, 0.0, 2.0]), np.array([np.nan, -5.0, 30.0]))
    assert log_likelihood(CDNOW, rows) == log_likelihood(CDNOW, spends((2, 30)))
    amounts = expected_average_amount(CDNOW, rows)
    assert amounts[:2] == pytest.approx([6.25 * 15.44 / 2.74] * 2)


@pytest.mark.parametrize("truth", [CDNOW, GammaGammaModel(1.5, 6.0, 400.0, 0.0)])
def test_simulated_customers_give_their_parameters_back(truth):
    shop = simulate(truth, 20_000, seed=1)
    model = fit_gamma_gamma(shop)
    assert model.degeneracy == ""
    for name in ("p", "q", "v"):
        assert getattr(model, name) == pytest.approx(getattr(truth, name), rel=0.08)
    assert model.p * model.v / (model.q - 1) == pytest.approx(
        truth.p * truth.v / (truth.q - 1), rel=0.02
    )
    assert log_likelihood(model, shop) == pytest.approx(model.log_likelihood, rel=1e-9)
    assert log_likelihood(model, shop) >= log_likelihood(truth, shop)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_currency_changes_the_rate_alone(unit):
    shop = simulate(CDNOW, 2_000, seed=2)
    first = fit_gamma_gamma(shop)
    other = fit_gamma_gamma(AverageSpends(shop.purchase_count, shop.average_amount * unit))
    assert (other.p, other.q) == pytest.approx((first.p, first.q), rel=1e-4)
    assert other.v == pytest.approx(first.v * unit, rel=1e-4)
    # Densities are per unit of money.
    assert other.log_likelihood == pytest.approx(first.log_likelihood - 2_000 * np.log(unit))


def test_a_shop_in_which_all_spend_alike_is_degenerate():
    # Purchases vary, people do not: averages are the quantiles of one scale's gamma distribution.
    x = np.repeat(np.arange(1.0, 9), 200)
    quantiles = np.tile((np.arange(200) + 0.5) / 200, 8)
    model = fit_gamma_gamma(AverageSpends(x, gamma.ppf(quantiles, 4 * x, scale=10 / x)))
    assert model.degeneracy.startswith(("q runs to its upper bound", "v runs to its upper bound"))


def test_a_shop_with_one_price_is_degenerate():
    model = fit_gamma_gamma(AverageSpends(np.arange(1.0, 9), np.full(8, 25.0)))
    assert model.degeneracy.startswith("p runs to its upper bound 100000, where the likelihood")


def test_a_shop_whose_mean_is_infinite_is_degenerate():
    model = fit_gamma_gamma(simulate(GammaGammaModel(3.0, 0.6, 10.0, 0.0), 20_000, seed=4))
    assert model.q == pytest.approx(0.6, rel=0.1)
    assert model.degeneracy.startswith("q is 0.")
    assert model.degeneracy.endswith("and at 1 or below the mean amount is infinite")


def test_rows_rebuild_the_model():
    model = replace(CDNOW, log_likelihood=-4055.9)
    assert from_rows(to_rows(model)) == model
    assert from_rows(to_rows(model)[::-1]) == model
    degenerate = replace(model, degeneracy="p runs away")
    assert degenerate.is_degenerate
    assert from_rows(to_rows(degenerate)) == model


@pytest.mark.parametrize("name", ["p", "q", "v", "log_likelihood"])
def test_rows_without_a_number_are_refused(name):
    rows = [row for row in to_rows(CDNOW) if row.parameter_name != name]
    with pytest.raises(ValueError, match=f"expected a row '{name}' .* got none"):
        from_rows(rows)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", ["p", "q", "v"])
def test_a_model_outside_the_family_is_refused(name, value):
    with pytest.raises(ValueError, match=f"expected a positive number for {name} of Gamma-Gamma"):
        replace(CDNOW, **{name: value})


@pytest.mark.parametrize(
    "row",
    [(-1, 5), (np.nan, 5), (np.inf, 5), (2, 0), (2, -3), (2, np.nan), (2, np.inf)],
)
def test_averages_that_are_no_gamma_numbers_are_refused(row):
    with pytest.raises(ValueError, match="1 customers have no gamma distributed average: the firs"):
        spends((1, 5), row)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="expected a count and an average for each customer, got"):
        AverageSpends(np.ones(2), np.ones(3))


def test_nobody_who_bought_and_one_start_are_refused():
    with pytest.raises(ValueError, match="expected a purchase or more, got none"):
        fit_gamma_gamma(spends((0, 0)))
    with pytest.raises(ValueError, match="expected 2 or more starts, got 1"):
        fit_gamma_gamma(spends((1, 5), (2, 9)), start_count=1)


def test_an_infinite_mean_is_refused_for_those_who_have_it_only():
    heavy = GammaGammaModel(3.0, 0.6, 10.0, 0.0)
    with pytest.raises(ValueError, match=r"expected p x \+ q above 1, got 0.6: the mean amount is"):
        expected_average_amount(heavy, spends((0, 0), (1, 20)))
    amounts = expected_average_amount(heavy, spends((1, 20)))
    assert amounts == pytest.approx([3 * (10 + 20) / (3 + 0.6 - 1)])

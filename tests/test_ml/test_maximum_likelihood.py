"""Maxima with a closed form, and the three kinds that are none."""

import re

import numpy as np
import pytest
from scipy.stats import gamma

from ml.maximum_likelihood import maximize_likelihood

WIDE = (1e-4, 1e4)


def maximize(likelihood, names=("rate",), *, bounds=WIDE, rows=1000.0, starts=5, seed=0):
    return maximize_likelihood(
        likelihood,
        dict.fromkeys(names, bounds),
        dict.fromkeys(names, 1.0),
        row_count=rows,
        start_count=starts,
        seed=seed,
    )


def exponential(mean):
    """Mean log-likelihood of exponential waiting times with this mean."""
    return lambda rate: (float(np.log(rate[0]) - mean * rate[0]), 1 / rate - mean)


def two_hills(lower, *, width=0.2):
    """A hill of height 0 at ln(rate) = 2 and one that is lower by so much at ln(rate) = 0."""

    def likelihood(parameters):
        place = np.log(parameters[0])
        heights = np.array([-((place / width) ** 2) / 2 - lower, -(((place - 2) / width) ** 2) / 2])
        weights = np.exp(heights - np.logaddexp(*heights))
        slopes = np.array([-place, 2 - place]) / width**2
        return float(np.logaddexp(*heights)), np.array([weights @ slopes]) / parameters

    return likelihood


@pytest.mark.parametrize("mean", [0.02, 1.0, 300.0])
def test_waiting_times_have_the_inverse_of_their_mean_as_rate(mean):
    maximum = maximize(exponential(mean))
    assert maximum.parameters == pytest.approx([1 / mean], rel=1e-6)
    assert maximum.log_likelihood == pytest.approx(1000 * (-np.log(mean) - 1))
    assert maximum.degeneracy == ""


def test_two_parameters_are_those_that_scipy_finds():
    drawn = gamma.rvs(2.5, scale=1 / 3, size=2000, random_state=0)
    mean = drawn.mean()

    def likelihood(parameters):
        value = gamma.logpdf(drawn, parameters[0], scale=1 / parameters[1]).mean()
        step = 1e-6
        by_shape = (
            gamma.logpdf(drawn, parameters[0] * (1 + step), scale=1 / parameters[1]).mean()
            - gamma.logpdf(drawn, parameters[0] * (1 - step), scale=1 / parameters[1]).mean()
        ) / (2 * step * parameters[0])
        return float(value), np.array([by_shape, parameters[0] / parameters[1] - mean])

    shape, _, scale = gamma.fit(drawn, floc=0)
    maximum = maximize(likelihood, ("shape", "rate"), rows=2000)
    assert maximum.parameters == pytest.approx([shape, 1 / scale], rel=1e-3)
    assert maximum.degeneracy == ""


@pytest.mark.parametrize(
    ("bounds", "degeneracy"),
    [
        ((1e-4, 0.1), "rate runs to its upper bound 0.1, where the likelihood still rises"),
        ((0.5, 1e4), "rate runs to its lower bound 0.5, where the likelihood still rises"),
    ],
)
def test_a_maximum_at_a_bound_is_none(bounds, degeneracy):
    assert maximize(exponential(4.0), bounds=bounds).degeneracy.startswith(degeneracy)


def test_a_ridge_is_said():
    def of_the_product_alone(parameters):
        first, second = parameters
        return float(np.log(first * second) - first * second), 1 / parameters - parameters[::-1]

    maximum = maximize(of_the_product_alone, ("first", "second"))
    assert maximum.parameters.prod() == pytest.approx(1.0, rel=1e-4)
    assert re.fullmatch(
        r"5 of 5 starts agree on the log-likelihood but not on first, from \S+ to \S+: "
        "these data do not tell",
        maximum.degeneracy,
    )


def test_the_best_of_several_optima_is_kept():
    # The first start stands on the lower hill; some of 20 reach the higher one.
    maximum = maximize(two_hills(1.0), starts=20)
    assert np.log(maximum.parameters[0]) == pytest.approx(2.0, abs=1e-3)
    assert maximum.degeneracy == ""


def test_an_optimum_that_but_one_start_found_is_not_trusted():
    # The first start stands on the higher hill, the second one finds the lower.
    maximum = maximize(two_hills(-1.0), starts=2, seed=far_start_seed())
    assert maximum.log_likelihood == pytest.approx(1000.0, rel=1e-4)
    assert maximum.degeneracy.startswith("only 1 of 2 starts found the best log-likelihood")


def far_start_seed():
    """The first seed whose one random start lies nearer to ln(rate) = 2 than to 0."""
    return next(
        seed for seed in range(100) if np.log(10) * np.random.default_rng(seed).uniform(-1, 1) > 1.3
    )


def test_one_optimum_of_two_is_the_same_where_the_data_hardly_tell_them_apart():
    # Lower by 0.000001 a row: with 1000 rows as good, so that the place is not told.
    maximum = maximize(two_hills(1e-6), starts=20)
    assert "agree on the log-likelihood but not on rate" in maximum.degeneracy
    # With a hundred million rows the difference is one of 100 nats.
    assert maximize(two_hills(1e-6), starts=20, rows=1e8).degeneracy == ""


def test_the_same_seed_gives_the_same_maximum():
    first, second = (maximize(two_hills(0.5), seed=3) for _ in range(2))
    assert np.array_equal(first.parameters, second.parameters)


def test_one_start_is_refused():
    with pytest.raises(ValueError, match="expected 2 or more starts, got 1; with one, nothing"):
        maximize(exponential(1.0), starts=1)

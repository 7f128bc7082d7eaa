"""Recalibration: by hand, by scikit-learn, by identities of maximum likelihood."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from ml.calibration import (
    Calibration,
    check_calibration,
    cross_fit_calibration,
    fit_calibration,
    fit_calibration_line,
    log_odds,
)
from ml.parameters import ParameterRow


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def shop(seed, rows=4000, slope=1.0, intercept=0.0):
    """Labels drawn from log-odds, and the probability that says slope * (odds - intercept)."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-2, 1, rows)
    is_returning = rng.random(rows) < expit(odds)
    return is_returning, expit((odds - intercept) / slope)


# --- the calibration line -------------------------------------------------------------------------


def line(is_returning, probability, weights=None):
    weights = np.ones(len(is_returning)) if weights is None else weights
    return fit_calibration_line(log_odds(probability), is_returning * weights, weights)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.3, 3), st.floats(-3, 3))
def test_the_line_is_scikit_learns_logistic_regression_without_a_penalty(seed, slope, intercept):
    is_returning, probability = shop(seed, 400, slope, intercept)
    weights = np.random.default_rng(seed).integers(0, 4, 400).astype(float)
    assume(2 < is_returning[weights > 0].sum() < (weights > 0).sum() - 2)
    expected = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(
        log_odds(probability)[:, None], is_returning, sample_weight=weights
    )
    fitted = line(is_returning, probability, weights)
    assert fitted == pytest.approx((expected.coef_[0, 0], expected.intercept_[0]), abs=1e-6)


def test_rounded_probabilities_of_a_rare_return_do_not_lead_the_line_astray():
    # Most are rounded to 0, a log-odds of -13.8; full Newton steps overshoot from there.
    rng = np.random.default_rng(0)
    odds = rng.normal(-3.3, 1, 20_000)
    is_returning = rng.random(20_000) < expit(1.5 * odds)
    probability = np.round(expit(2 * odds - 2), 2)
    assert 0.9 < (probability == 0).mean() < 1
    expected = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(
        log_odds(probability)[:, None], is_returning
    )
    fitted = line(is_returning, probability)
    assert fitted == pytest.approx((expected.coef_[0, 0], expected.intercept_[0]), abs=1e-6)


def test_two_groups_have_the_line_through_their_log_odds():
    # 3 of 10 return where 20 % were promised, 6 of 10 where 50 % were: a line through two points.
    probability = np.repeat([0.2, 0.5], 10)
    is_returning = np.array([True] * 3 + [False] * 7 + [True] * 6 + [False] * 4)
    slope = (logit(0.6) - logit(0.3)) / (logit(0.5) - logit(0.2))
    assert line(is_returning, probability) == pytest.approx((slope, logit(0.6)))


@pytest.mark.parametrize(
    ("labels", "probability"),
    [
        ([True, True, True], [0.1, 0.2, 0.3]),
        ([False, False, False], [0.1, 0.2, 0.3]),
        ([True, False, True], [0.2, 0.2, 0.2]),
        ([False, False, True], [0.1, 0.2, 0.3]),
        ([True, True, False], [0.1, 0.2, 0.3]),
        ([False, True, True], [0.1, 0.1, 0.3]),
    ],
)
def test_a_line_that_nothing_determines_is_unknown(labels, probability):
    assert np.isnan(line(np.array(labels), np.array(probability))).all()


def test_rows_without_weight_do_not_count_as_overlap():
    labels, probability = np.array([False, True, False, True]), np.array([0.1, 0.3, 0.4, 0.5])
    assert np.isfinite(line(labels, probability)).all()
    assert np.isnan(line(labels, probability, np.array([1.0, 1.0, 0.0, 1.0]))).all()


# --- bending --------------------------------------------------------------------------------------


def test_a_sigmoid_undoes_what_was_done_to_the_log_odds():
    # The probability says (odds - 0.7) / 0.5: too sure by half, and 0.7 too low.
    is_returning, probability = shop(3, 60_000, slope=0.5, intercept=0.7)
    calibration = fit_calibration(is_returning, probability, "sigmoid")
    assert calibration.slope == pytest.approx(0.5, abs=0.02)
    assert calibration.intercept == pytest.approx(0.7, abs=0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.3, 3), st.floats(-2, 2))
def test_after_a_sigmoid_the_mean_is_the_base_rate_and_the_slope_is_1(seed, slope, intercept):
    is_returning, probability = shop(seed, 1000, slope, intercept)
    bent = fit_calibration(is_returning, probability, "sigmoid").apply(probability)
    assert bent.mean() == pytest.approx(is_returning.mean(), abs=1e-6)
    assert line(is_returning, bent) == pytest.approx((1, 0), abs=1e-4)
    assert fit_calibration(is_returning, bent, "sigmoid").slope == pytest.approx(1, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 17]))
def test_the_isotonic_line_is_scikit_learns(seed, decimals):
    is_returning, probability = shop(seed, 500)
    probability = np.round(probability, decimals)
    given_later = np.random.default_rng(seed).random(200)
    expected = IsotonicRegression(out_of_bounds="clip").fit(probability, is_returning)
    calibration = fit_calibration(is_returning, probability, "isotonic")
    np.testing.assert_allclose(
        calibration.apply(given_later), expected.predict(given_later), atol=1e-12
    )


def test_neighbours_in_the_wrong_order_are_averaged_by_the_isotonic_line():
    # Return rates of 1/2, 0 and 1 at 0.1, 0.2 and 0.3: the first two are put at 1/4 together.
    probability = np.repeat([0.1, 0.2, 0.3], 2)
    is_returning = np.array([True, False, False, False, True, True])
    calibration = fit_calibration(is_returning, probability, "isotonic")
    np.testing.assert_allclose(
        calibration.apply(np.array([0.0, 0.1, 0.2, 0.25, 0.3, 0.9])),
        [0.25, 0.25, 0.25, 0.625, 1, 1],
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["sigmoid", "isotonic"]), st.floats(-2, 2))
def test_no_calibration_turns_the_order_round(seed, kind, direction):
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1, 1, 300)
    is_returning = rng.random(300) < expit(direction * odds)
    assume(2 < is_returning.sum() < 298)
    bent = fit_calibration(is_returning, expit(odds), kind).apply(np.linspace(0, 1, 101))
    assert (np.diff(bent) >= 0).all()
    assert ((bent >= 0) & (bent <= 1)).all()


def test_where_a_falling_sigmoid_would_fit_best_all_get_the_base_rate():
    for probability in (np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.3, 0.1, 0.4, 0.2])):
        is_returning = np.array([False, True, False, True])
        calibration = fit_calibration(is_returning, probability, "sigmoid")
        np.testing.assert_allclose(calibration.apply(probability), 0.5)


def test_equal_probabilities_are_moved_to_the_base_rate():
    is_returning = np.array([True, False, False, False])
    calibration = fit_calibration(is_returning, np.full(4, 0.6), "sigmoid")
    np.testing.assert_allclose(calibration.apply(np.full(4, 0.6)), 0.25)


def test_ends_are_clipped_and_none_leaves_alone():
    bent = Calibration("sigmoid", slope=1.0, intercept=0.0).apply(np.array([0.0, 0.3, 1.0]))
    np.testing.assert_allclose(bent, [1e-6, 0.3, 1 - 1e-6], rtol=1e-9)
    raw = np.array([0.0, 0.3, 1.0])
    none = fit_calibration(np.ones(3, bool), raw, "none")
    assert none.to_rows() == []
    assert np.array_equal(none.apply(raw), raw)


@pytest.mark.parametrize("kind", ["none", "sigmoid", "isotonic"])
def test_rows_give_the_same_calibration_back_in_any_order(kind):
    is_returning, probability = shop(4, 800)
    calibration = fit_calibration(is_returning, probability, kind)
    rows = [*calibration.to_rows(), ParameterRow("intercept", 3.0)]
    again = Calibration.from_rows(rows[::-1])
    assert again.kind == kind
    assert np.array_equal(again.apply(probability), calibration.apply(probability))


def test_rows_that_are_not_whole_are_refused():
    with pytest.raises(ValueError, match=r"a row 'calibration_intercept' .* got none"):
        Calibration.from_rows([ParameterRow("calibration_slope", 1.0)])
    with pytest.raises(ValueError, match="a row 'calibration_probability' for component 4"):
        Calibration.from_rows([ParameterRow("calibration_threshold", 0.5, component_id=4)])


LABELS = np.array([True, False, False])


@pytest.mark.parametrize(
    ("labels", "probability", "kind", "expected"),
    [
        (LABELS, [0.3, 0.2, 0.1], "beta", "one of none, sigmoid, isotonic, got 'beta'; mend"),
        (LABELS, [0.3, 0.2], "sigmoid", r"each of 3 customers, got shape \(2,\); predict"),
        (LABELS, [3.0, 0.2, 0.1], "isotonic", "between 0 and 1, got 0.1 to 3.0; pass"),
        (LABELS, [np.nan, 0.2, 0.1], "sigmoid", "between 0 and 1, got nan to nan; pass"),
        (~LABELS | True, [0.3, 0.2, 0.1], "sigmoid", "among 3, got only returning ones; cal"),
        (LABELS & False, [0.3, 0.2, 0.1], "isotonic", "among 3, got only lost ones; calibrate"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(labels, probability, kind, expected):
    with pytest.raises(ValueError, match=expected):
        fit_calibration(labels, np.array(probability), kind)


def test_probabilities_that_part_the_classes_without_an_error_stand_as_they_are():
    """Every steeper sigmoid would be better still, so none is fitted."""
    parted = np.array([0.3, 0.2, 0.1])
    learned = fit_calibration(LABELS, parted, "sigmoid")
    assert np.array_equal(learned.apply(parted), parted)


# --- the check ------------------------------------------------------------------------------------


def test_honest_probabilities_pass_nineteen_times_in_twenty_for_each_interval():
    # Of 200 slopes 190 intervals hold 1 and of 200 levels 190 hold 0; below 178, or all 200, would
    # come less than once in ten thousand times.
    checks = [check_calibration(*shop(seed, 3000)) for seed in range(200)]
    slopes = sum(check.slope_lower <= 1 <= check.slope_upper for check in checks)
    levels = sum(check.level_lower <= 0 <= check.level_upper for check in checks)
    assert 178 <= slopes < 200
    assert 178 <= levels < 200
    both = sum(check.is_calibrated for check in checks)
    assert slopes + levels - 200 <= both <= min(slopes, levels)


@pytest.mark.parametrize(("slope", "intercept"), [(0.5, 0.0), (2.0, 0.0), (1.0, 0.5), (1.0, -0.5)])
def test_probabilities_that_are_off_are_to_be_recalibrated(slope, intercept):
    is_returning, probability = shop(6, 20_000, slope, intercept)
    check = check_calibration(is_returning, probability)
    assert not check.is_calibrated
    assert check.slope == pytest.approx(slope, abs=0.1)
    assert (check.choose_kind(), check.choose_kind("isotonic")) == ("sigmoid", "isotonic")
    for kind in ("sigmoid", "isotonic"):
        bent = fit_calibration(is_returning, probability, kind).apply(probability)
        assert check_calibration(is_returning, bent).choose_kind() == "none"


def test_the_slopes_interval_is_as_wide_as_the_information_says():
    # Where the model holds, robust errors are those of the Fisher information.
    is_returning, probability = shop(7, 50_000)
    odds = logit(probability)
    design = np.column_stack([odds, np.ones(len(odds))])
    information = (design * (probability * (1 - probability))[:, None]).T @ design
    error = np.sqrt(np.linalg.inv(information)[0, 0])
    check = check_calibration(is_returning, probability)
    assert check.slope_upper - check.slope_lower == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_rows_that_come_twice_make_nothing_surer_if_they_are_of_the_same_people():
    is_returning, probability = shop(8, 2000)
    once = check_calibration(is_returning, probability)
    people = np.tile(np.arange(2000), 2)
    twice = check_calibration(
        np.tile(is_returning, 2), np.tile(probability, 2), person_numbers=people + 17
    )
    np.testing.assert_allclose(
        [twice.slope_lower, twice.slope_upper, twice.level_lower, twice.level_upper],
        [once.slope_lower, once.slope_upper, once.level_lower, once.level_upper],
        rtol=1e-6,
    )
    alone = check_calibration(np.tile(is_returning, 2), np.tile(probability, 2))
    width = once.slope_upper - once.slope_lower
    assert alone.slope_upper - alone.slope_lower == pytest.approx(width / np.sqrt(2))


# --- bending by other folds -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "sigmoid", "isotonic"])
def test_nobodys_own_outcome_has_a_part_in_how_they_are_bent(kind):
    is_returning, probability = shop(3, 900, slope=0.5)
    number = np.arange(900) % 3
    folds = [(np.flatnonzero(number != fold), np.flatnonzero(number == fold)) for fold in range(3)]
    bent = cross_fit_calibration(is_returning, probability, kind, folds)
    for fold, (others, held_out) in enumerate(folds):
        turned = np.where(number == fold, ~is_returning, is_returning)
        again = cross_fit_calibration(turned, probability, kind, folds)
        np.testing.assert_array_equal(again[held_out], bent[held_out])
        by_hand = fit_calibration(is_returning[others], probability[others], kind)
        np.testing.assert_array_equal(by_hand.apply(probability[held_out]), bent[held_out])
    if kind == "none":
        np.testing.assert_array_equal(bent, probability)


def test_bending_that_works_is_calibrated_on_people_that_it_did_not_learn_from():
    is_returning, probability = shop(3, slope=0.5)
    half = np.arange(4000) % 2 == 0
    folds = [(np.flatnonzero(half), np.flatnonzero(~half)),
             (np.flatnonzero(~half), np.flatnonzero(half))]  # fmt: skip
    assert check_calibration(is_returning, probability).slope_upper < 0.7
    bent = cross_fit_calibration(is_returning, probability, "sigmoid", folds)
    assert check_calibration(is_returning, bent).is_calibrated


def test_equal_probabilities_are_judged_by_their_level_alone():
    is_returning = np.arange(1000) % 5 == 0
    right = check_calibration(is_returning, np.full(1000, 0.2))
    wrong = check_calibration(is_returning, np.full(1000, 0.3))
    assert np.isnan(right.slope)
    assert right.level == pytest.approx(0, abs=1e-9)
    # The mean of Bernoulli draws: the error of the log-odds is 1 / root(n p q).
    assert right.level_upper == pytest.approx(1.96 / np.sqrt(1000 * 0.2 * 0.8), rel=1e-3)
    assert wrong.level == pytest.approx(logit(0.2) - logit(0.3))
    assert (right.choose_kind(), wrong.choose_kind()) == ("none", "sigmoid")


def test_a_check_needs_both_classes():
    with pytest.raises(ValueError, match="among 3, got only lost ones; calibrate on other dates"):
        check_calibration(np.zeros(3, bool), np.full(3, 0.1))

"""The additive model: steps by hand, terms that add up, the library's own probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_customers import NAMES, RULES, random_customers, with_infinities, with_odd_values
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from ml.families.additive import (
    AdditiveModel,
    StepFunction,
    collapse,
    fit_additive,
    from_rows,
    predict_additive,
    terms,
    to_rows,
)
from ml.features import FeatureMatrix, FeatureRule
from ml.parameters import ParameterRow


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


def library(seed, **hyperparameters):
    return HistGradientBoostingClassifier(
        interaction_cst="no_interactions",
        early_stopping=False,
        random_state=seed,
        **hyperparameters,
    )


def by_hand():
    steps = (
        StepFunction("a", np.array([1.0, 2.0]), np.array([0.5, 0.0, -0.5]), 0.1),
        StepFunction("b", np.empty(0), np.array([0.0]), 0.0),
    )
    return AdditiveModel(steps, -1.0)


def test_an_interval_ends_at_its_threshold_inclusive():
    values = np.array([-np.inf, 1.0, np.nextafter(1.0, 2.0), 2.0, 2.1, np.inf, np.nan])
    contributions = by_hand().steps[0].apply(values)
    assert contributions.tolist() == [0.5, 0.5, 0.0, 0.0, -0.5, -0.5, 0.1]


def test_prediction_is_the_logistic_function_of_the_sum_of_the_terms():
    matrix = FeatureMatrix(("b", "a"), np.array([[7.0, 1.0], [np.nan, np.nan]]))
    assert terms(by_hand(), matrix).tolist() == [[0.5, 0.0], [0.1, 0.0]]
    expected = [1 / (1 + np.exp(0.5)), 1 / (1 + np.exp(0.9))]
    np.testing.assert_allclose(predict_additive(by_hand(), matrix), expected, rtol=1e-14)


def test_a_planted_step_is_found_where_it_is():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.integers(0, 30, 20_000), rng.normal(size=20_000)])
    is_returning = rng.random(20_000) < np.where(values[:, 0] <= 9, 0.4, 0.2)
    matrix = FeatureMatrix(("days", "noise"), values.astype(np.float64))
    model = fit_additive(matrix, is_returning, [FeatureRule("days"), FeatureRule("noise")])
    days, noise = model.steps
    jumps = np.abs(np.diff(days.terms))
    assert days.thresholds[jumps.argmax()] == 9.5
    assert jumps.max() == pytest.approx(logit(0.4) - logit(0.2), abs=0.15)
    assert np.ptp(noise.terms) < 0.3


@pytest.mark.parametrize(
    "hyperparameters", [{"max_leaf_nodes": 4}, {"max_bins": 16}, {"min_samples_leaf": 1}]
)
@pytest.mark.parametrize("seed", range(2))
def test_probabilities_are_the_librarys_own(seed, hyperparameters):
    train, is_returning = random_customers(seed)
    train.values[np.random.default_rng(seed).random(len(train.values)) < 0.2, 1] = np.nan
    is_returning |= np.isnan(train.values[:, 1])
    fitted = library(seed, **hyperparameters).fit(train.values, is_returning)
    model = collapse(fitted, NAMES, train.values)
    thresholds = {step.feature_name: step.thresholds for step in model.steps}
    assert sum(len(of_feature) > 0 for of_feature in thresholds.values()) > 2
    later = with_odd_values(random_customers(seed + 50)[0], thresholds, seed)
    later = with_infinities(later, seed)
    np.testing.assert_allclose(
        predict_additive(model, later),
        fitted.predict_proba(later.values)[:, 1],
        rtol=0,
        atol=1e-12,
    )


def test_the_fit_is_the_librarys_with_the_settings_told():
    matrix, is_returning = random_customers(3)
    fitted = library(
        9,
        max_iter=20,
        learning_rate=0.2,
        max_leaf_nodes=5,
        min_samples_leaf=30,
        l2_regularization=3.0,
        max_bins=12,
    ).fit(matrix.values, is_returning)
    model = fit_additive(
        matrix,
        is_returning,
        RULES[::-1],
        tree_count=20,
        learning_rate=0.2,
        max_leaf_count=5,
        min_leaf_rows=30,
        l2_regularization=3.0,
        max_bin_count=12,
        seed=9,
    )
    np.testing.assert_allclose(
        predict_additive(model, matrix), fitted.predict_proba(matrix.values)[:, 1], atol=1e-12
    )


def test_each_term_is_relative_to_the_training_mean():
    matrix, is_returning = random_customers(4)
    model = fit_additive(matrix, is_returning, RULES)
    contributions = terms(model, matrix)
    np.testing.assert_allclose(contributions.mean(axis=0), 0, atol=1e-12)
    assert contributions.std(axis=0).max() > 0.1
    log_odds = logit(predict_additive(model, matrix))
    assert model.intercept == pytest.approx(log_odds.mean(), abs=1e-9)


def test_neighbouring_intervals_differ():
    matrix, is_returning = random_customers(5)
    for step in fit_additive(matrix, is_returning, RULES).steps:
        assert len(step.terms) == len(step.thresholds) + 1
        assert (np.diff(step.terms) != 0).all()
        assert (np.diff(step.thresholds) > 0).all()


def test_a_feature_that_no_tree_splits_on_adds_nothing():
    matrix, is_returning = random_customers(2, 300)
    model = fit_additive(matrix, is_returning, RULES, min_leaf_rows=200)
    assert model.feature_names == NAMES
    assert not terms(model, matrix).any()
    again = from_rows(to_rows(model))
    np.testing.assert_allclose(predict_additive(again, matrix), is_returning.mean(), rtol=1e-6)


def test_a_boosting_with_interactions_is_refused():
    matrix, is_returning = random_customers(1)
    fitted = HistGradientBoostingClassifier(max_iter=3).fit(matrix.values, is_returning)
    with pytest.raises(ValueError, match=r"expected a boosting with .*no_interactions', got None"):
        collapse(fitted, NAMES, matrix.values)


numbers = st.floats(-1e9, 1e9, allow_nan=False)


@st.composite
def models(draw):
    steps = []
    for name in sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1))):
        thresholds = sorted(draw(st.sets(numbers, max_size=6)))
        values = draw(st.lists(numbers, min_size=len(thresholds) + 1, max_size=len(thresholds) + 1))
        steps.append(StepFunction(name, np.array(thresholds), np.array(values), draw(numbers)))
    return AdditiveModel(tuple(steps), draw(numbers))


@settings(max_examples=60, deadline=None)
@given(models(), st.randoms())
def test_a_model_survives_its_rows_exactly(model, random):
    rows = to_rows(model)
    random.shuffle(rows)
    again = from_rows(rows)
    assert again.feature_names == model.feature_names
    assert again.intercept == model.intercept
    for step, other in zip(model.steps, again.steps, strict=True):
        assert other.thresholds.tolist() == step.thresholds.tolist()
        assert other.terms.tolist() == step.terms.tolist()
        assert other.missing_term == step.missing_term


@pytest.mark.parametrize("lost", ["intercept", "term", "missing_term", "is_used"])
def test_rows_that_are_not_a_whole_model_are_refused(lost):
    with pytest.raises(ValueError, match=f"expected a row '{lost}'.*got none.*fit again"):
        from_rows([row for row in to_rows(by_hand()) if row.parameter_name != lost])


def test_thresholds_that_do_not_ascend_are_refused():
    rows = [row for row in to_rows(by_hand()) if row.parameter_name != "threshold"]
    rows += [
        ParameterRow("threshold", value, number, "a") for number, value in enumerate([2.0, 1.0])
    ]
    with pytest.raises(ValueError, match=r"thresholds of 'a' that ascend, got \[2.0, 1.0\]"):
        from_rows(rows)


def test_two_fits_are_the_same_to_the_last_bit():
    matrix, is_returning = random_customers(6)
    first, second = (to_rows(fit_additive(matrix, is_returning, RULES)) for _ in range(2))
    assert first == second

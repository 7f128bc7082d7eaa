"""Gradient boosting: rates of groups, the library's own probabilities, rows rebuild the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_customers import NAMES, RULES, random_customers, with_infinities, with_odd_values
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from ml.families.boosting import BoostingModel, fit_boosting, from_rows, predict_boosting, to_rows
from ml.families.trees import boosted_trees, join_trees, stump
from ml.features import FeatureMatrix, FeatureRule


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


def test_groups_get_their_own_rates():
    # 400 with the mark, half of whom return, and 400 without, of whom one in ten does.
    matrix = FeatureMatrix(("a",), np.repeat([[1.0], [0.0]], 400, axis=0))
    is_returning = np.concatenate([np.arange(400) % 2 == 0, np.arange(400) % 10 == 0])
    model = fit_boosting(
        matrix, is_returning, [FeatureRule("a")], tree_count=300, l2_regularization=0.0
    )
    marked, unmarked = predict_boosting(model, FeatureMatrix(("a",), np.array([[1.0], [0.0]])))
    assert marked == pytest.approx(0.5, abs=1e-4)
    assert unmarked == pytest.approx(0.1, abs=1e-4)


def test_prediction_is_the_logistic_function_of_start_and_leaves():
    model = BoostingModel(join_trees(("a",), [stump(3.0, 0.5, -0.5), stump(5.0, 1.0, 2.0)]), -2.0)
    matrix = FeatureMatrix(("a",), np.array([[3.0], [4.0], [np.inf]]))
    expected = [1 / (1 + np.exp(-log_odds)) for log_odds in (-0.5, -1.5, -0.5)]
    np.testing.assert_allclose(predict_boosting(model, matrix), expected, rtol=1e-14)


@pytest.mark.parametrize("missing_share", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(2))
def test_probabilities_are_the_librarys_own(seed, missing_share):
    train, is_returning = random_customers(seed)
    train.values[np.isnan(train.values)] = 3.0
    train.values[np.random.default_rng(seed).random(train.values.shape) < missing_share] = np.nan
    # Missing is what tells: the library splits known from missing, with an infinite threshold.
    is_returning |= np.isnan(train.values[:, 1])
    fitted = HistGradientBoostingClassifier(max_iter=40, random_state=seed).fit(
        train.values, is_returning
    )
    trees, intercept = boosted_trees(fitted, NAMES)
    assert np.isinf(trees.threshold).any() == (missing_share > 0)
    thresholds = {
        name: trees.threshold[trees.feature == index]
        for index, name in enumerate(trees.feature_names)
    }
    later = with_odd_values(random_customers(seed + 50)[0], thresholds, seed)
    later = with_infinities(later, seed)
    np.testing.assert_allclose(
        predict_boosting(BoostingModel(trees, intercept), later),
        fitted.predict_proba(later.values)[:, 1],
        rtol=0,
        atol=1e-12,
    )


def test_the_fit_is_the_librarys_with_the_settings_told():
    matrix, is_returning = random_customers(3)
    fitted = HistGradientBoostingClassifier(
        max_iter=20,
        learning_rate=0.2,
        max_leaf_nodes=5,
        min_samples_leaf=30,
        l2_regularization=3.0,
        early_stopping=False,
        random_state=9,
    ).fit(matrix.values, is_returning)
    model = fit_boosting(
        matrix,
        is_returning,
        RULES,
        tree_count=20,
        learning_rate=0.2,
        max_leaf_count=5,
        min_leaf_rows=30,
        l2_regularization=3.0,
        seed=9,
    )
    np.testing.assert_allclose(
        predict_boosting(model, matrix), fitted.predict_proba(matrix.values)[:, 1], atol=1e-12
    )


def test_too_few_rows_for_a_split_leave_the_observed_rate():
    matrix, is_returning = random_customers(2, 300)
    model = fit_boosting(matrix, is_returning, RULES, min_leaf_rows=200)
    assert model.trees.feature_names == ()
    again = from_rows(to_rows(model))
    np.testing.assert_allclose(predict_boosting(again, matrix), is_returning.mean(), rtol=1e-6)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.randoms())
def test_a_model_survives_its_rows_exactly(seed, random):
    train, is_returning = random_customers(seed, 600)
    later, _ = random_customers(seed + 1, 300)
    model = fit_boosting(train, is_returning, RULES, tree_count=5, min_leaf_rows=10)
    rows = to_rows(model)
    random.shuffle(rows)
    assert np.array_equal(predict_boosting(from_rows(rows), later), predict_boosting(model, later))


def test_two_fits_are_the_same_to_the_last_bit():
    matrix, is_returning = random_customers(6)
    first, second = (to_rows(fit_boosting(matrix, is_returning, RULES)) for _ in range(2))
    assert first == second


def test_rows_without_an_intercept_are_refused():
    matrix, is_returning = random_customers(2)
    rows = to_rows(fit_boosting(matrix, is_returning, RULES))
    with pytest.raises(ValueError, match=r"expected a row 'intercept'.*got none.*fit again"):
        from_rows([row for row in rows if row.parameter_name != "intercept"])

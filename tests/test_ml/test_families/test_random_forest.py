"""Random forest: shares by hand, the library's own probabilities, rows rebuild the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_customers import NAMES, RULES, random_customers, with_infinities, with_odd_values
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

from ml.families.random_forest import (
    RandomForestModel,
    fit_random_forest,
    from_rows,
    predict_random_forest,
    to_rows,
)
from ml.families.trees import forest_trees, join_trees, stump
from ml.features import FeatureError, FeatureMatrix, FeatureRule


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


def thresholds_of(trees):
    return {
        name: trees.threshold[trees.feature == index]
        for index, name in enumerate(trees.feature_names)
    }


def test_those_who_bought_lately_are_likelier_to_return():
    rng = np.random.default_rng(0)
    days = rng.uniform(0, 400, 2_000)
    matrix = FeatureMatrix(("a",), days[:, None])
    is_returning = rng.random(2_000) < np.where(days < 100, 0.5, 0.1)
    model = fit_random_forest(matrix, is_returning, [FeatureRule("a")])
    early, late = predict_random_forest(model, FeatureMatrix(("a",), np.array([[50.0], [300.0]])))
    assert early == pytest.approx(0.5, abs=0.1)
    assert late == pytest.approx(0.1, abs=0.05)


def test_the_probability_is_the_mean_of_the_shares_not_of_votes():
    model = RandomForestModel(join_trees(("a",), [stump(3.0, 0.1, 0.2), stump(5.0, 0.3, 0.4)]))
    matrix = FeatureMatrix(("a",), np.array([[3.0], [4.0], [6.0]]))
    np.testing.assert_allclose(predict_random_forest(model, matrix), [0.2, 0.25, 0.3])


@pytest.mark.parametrize(
    "hyperparameters", [{"max_leaf_nodes": 12}, {"max_depth": 6}, {"max_features": 1}]
)
@pytest.mark.parametrize("seed", range(2))
def test_probabilities_are_the_librarys_own(seed, hyperparameters):
    train, is_returning = random_customers(seed)
    fitted = RandomForestClassifier(
        n_estimators=30, min_samples_leaf=20, max_samples=0.5, random_state=seed, **hyperparameters
    ).fit(train.values, is_returning)
    trees = forest_trees(fitted, NAMES)
    assert trees.leaf_count == sum(tree.get_n_leaves() for tree in fitted.estimators_)
    later = with_odd_values(random_customers(seed + 50)[0], thresholds_of(trees), seed)
    # Thresholds as the library has them, too, where 32 bits round to the other side.
    own = np.concatenate([tree.tree_.threshold for tree in fitted.estimators_])
    later = with_odd_values(later, dict.fromkeys(NAMES, own), seed + 1)
    np.testing.assert_allclose(
        predict_random_forest(RandomForestModel(trees), later),
        fitted.predict_proba(later.values)[:, 1],
        rtol=0,
        atol=1e-12,
    )


def test_the_fit_is_the_librarys_with_the_settings_told():
    matrix, is_returning = random_customers(3)
    fitted = RandomForestClassifier(
        n_estimators=10, max_leaf_nodes=8, min_samples_leaf=50, max_samples=0.7, random_state=9
    ).fit(matrix.values, is_returning)
    model = fit_random_forest(
        matrix,
        is_returning,
        RULES,
        tree_count=10,
        max_leaf_count=8,
        min_leaf_rows=50,
        sample_share=0.7,
        seed=9,
    )
    np.testing.assert_allclose(
        predict_random_forest(model, matrix), fitted.predict_proba(matrix.values)[:, 1], atol=1e-12
    )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.randoms())
def test_a_model_survives_its_rows_exactly(seed, random):
    train, is_returning = random_customers(seed, 600)
    later, _ = random_customers(seed + 1, 300)
    model = fit_random_forest(train, is_returning, RULES, tree_count=5, min_leaf_rows=10, seed=seed)
    rows = to_rows(model)
    random.shuffle(rows)
    expected = predict_random_forest(model, later)
    assert np.array_equal(predict_random_forest(from_rows(rows), later), expected)


def test_two_fits_are_the_same_and_another_seed_is_another_forest():
    matrix, is_returning = random_customers(6)
    first, second, other = (
        to_rows(fit_random_forest(matrix, is_returning, RULES, tree_count=5, seed=seed))
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_infinite_values_are_refused_as_by_the_library():
    matrix, is_returning = random_customers(1)
    model = fit_random_forest(matrix, is_returning, RULES, tree_count=5)
    with pytest.raises(FeatureError, match=r"beyond 3.4e38, expected .* range of 32 bits; look"):
        predict_random_forest(model, with_infinities(matrix, 1))

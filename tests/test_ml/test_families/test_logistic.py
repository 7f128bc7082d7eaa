"""Logistic regression: odds ratios by hand, published numbers, rows rebuild the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from ml.families.logistic import LogisticModel, fit_logistic, from_rows, predict_logistic, to_rows
from ml.features import FeatureMatrix, FeatureRule, Preprocessing


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


# As good as no penalty.
FREE = 1e12


def one_column(values):
    return FeatureMatrix(("a",), np.array(values, dtype=np.float64)[:, None])


def in_own_units(model):
    """Slope and intercept of a one-feature model, before scaling."""
    slope = model.coefficients[0] / model.preprocessing.scale[0]
    return slope, model.intercept - slope * model.preprocessing.center[0]


def random_customers(seed, rows=400):
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [rng.integers(1, 6, rows), 1 + rng.poisson(0.4, rows), rng.uniform(0, 600, rows)]
    ).astype(np.float64)
    log_odds = values[:, 1] - values[:, 2] / 200 - 0.5
    is_returning = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    values[rng.random(rows) < 0.2, 0] = np.nan
    names = ("average_review_score", "order_count", "recency_days")
    return FeatureMatrix(names, values), is_returning


RULES = (
    FeatureRule("recency_days"),
    FeatureRule("order_count", "log1p"),
    FeatureRule("average_review_score", null_rule="median"),
)


def test_those_who_bought_lately_are_likelier_to_return():
    matrix = one_column([10, 20, 30, 300, 400, 500])
    is_returning = np.array([True, True, True, False, False, False])
    model = fit_logistic(matrix, is_returning, [FeatureRule("a")], inverse_regularization=1.0)
    probability = predict_logistic(model, matrix)
    assert (probability[:3] > 0.5).all()
    assert (probability[3:] < 0.5).all()
    assert probability.tolist() == sorted(probability, reverse=True)


@settings(max_examples=40, deadline=None)
@given(*[st.integers(1, 60)] * 4)
def test_a_two_by_two_table_gives_the_log_odds_ratio(a, b, c, d):
    # With the mark: a returned and b did not; without it: c returned and d did not.
    matrix = one_column([1] * (a + b) + [0] * (c + d))
    is_returning = np.array([True] * a + [False] * b + [True] * c + [False] * d)
    model = fit_logistic(matrix, is_returning, [FeatureRule("a")], inverse_regularization=FREE)
    slope, intercept = in_own_units(model)
    assert slope == pytest.approx(np.log(a * d / (b * c)), abs=1e-5)
    assert intercept == pytest.approx(np.log(c / d), abs=1e-5)
    with_and_without = predict_logistic(model, one_column([1, 0]))
    np.testing.assert_allclose(with_and_without, [a / (a + b), c / (c + d)], atol=1e-6)


def test_the_space_shuttle_flights_have_the_published_coefficients():
    # Dalal, Fowlkes and Hoadley (1989), Risk Analysis of the Space Shuttle: thermal distress of
    # O-rings on temperature in the 23 flights before Challenger: 15.0429 - 0.2322 t.
    temperature = [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78]
    temperature += [67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58]
    distress = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]
    model = fit_logistic(
        one_column(temperature),
        np.array(distress, dtype=bool),
        [FeatureRule("a")],
        inverse_regularization=FREE,
    )
    slope, intercept = in_own_units(model)
    assert slope == pytest.approx(-0.2322, abs=5e-5)
    assert intercept == pytest.approx(15.0429, abs=5e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 0.01, 1.0, FREE]))
def test_the_mean_probability_is_the_observed_rate_whatever_the_penalty(seed, penalty):
    # The intercept is not penalized, so the derivative by it is the sum of the residuals.
    matrix, is_returning = random_customers(seed)
    model = fit_logistic(matrix, is_returning, RULES, inverse_regularization=penalty)
    probability = predict_logistic(model, matrix)
    assert probability.mean() == pytest.approx(is_returning.mean(), abs=1e-6)


def test_a_feature_that_says_nothing_leaves_the_observed_rate():
    matrix = one_column([0.1] * 7)
    is_returning = np.array([True, False, False, False, False, False, True])
    model = fit_logistic(matrix, is_returning, [FeatureRule("a")])
    assert model.coefficients[0] == pytest.approx(0.0, abs=1e-9)
    assert model.intercept == pytest.approx(np.log(2 / 5), abs=1e-6)
    np.testing.assert_allclose(predict_logistic(model, one_column([0.1])), 2 / 7, atol=1e-6)


def test_at_the_optimum_the_penalty_balances_the_residuals():
    # d/dw of C * sum of losses + w'w / 2 is 0: w = C * X'(y - p).
    matrix, is_returning = random_customers(4)
    model = fit_logistic(matrix, is_returning, RULES, inverse_regularization=0.05)
    residuals = is_returning - predict_logistic(model, matrix)
    pull = 0.05 * model.preprocessing.apply(matrix).T @ residuals
    np.testing.assert_allclose(model.coefficients, pull, atol=1e-5)


def test_a_stronger_penalty_makes_smaller_coefficients():
    matrix, is_returning = random_customers(1)
    lengths = [
        np.linalg.norm(
            fit_logistic(matrix, is_returning, RULES, inverse_regularization=c).coefficients
        )
        for c in (1e-4, 1e-2, 1.0, 100.0)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1] / 10


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_are_those_of_a_scikit_learn_pipeline(seed):
    train, is_returning = random_customers(seed)
    later, _ = random_customers(seed + 70)
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("score", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), [0]),
                ("count", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), [1]),
                ("days", StandardScaler(), [2]),
            ]
        ),
        LogisticRegression(C=0.01, solver="newton-cholesky", tol=1e-10),
    ).fit(train.values, is_returning)
    model = fit_logistic(train, is_returning, RULES)
    np.testing.assert_allclose(
        predict_logistic(model, later), pipeline.predict_proba(later.values)[:, 1], atol=1e-6
    )


def test_prediction_is_the_logistic_function_of_the_sum_of_the_terms():
    preprocessing = Preprocessing(
        ("a", "b"),
        np.array([False, True]),
        np.full(2, np.nan),
        np.array([1.0, 0.0]),
        np.array([2.0, 1.0]),
    )
    model = LogisticModel(preprocessing, np.array([0.5, -2.0]), 0.25)
    matrix = FeatureMatrix(
        ("a", "b"), np.array([[1.0, 0.0], [5.0, np.e - 1], [1e6, 0.0], [-1e6, 0.0]])
    )
    expected = [1 / (1 + np.exp(-0.25)), 1 / (1 + np.exp(0.75)), 1.0, 0.0]
    np.testing.assert_allclose(predict_logistic(model, matrix), expected, rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.randoms())
def test_a_model_survives_its_rows_exactly(seed, random):
    train, is_returning = random_customers(seed, 100)
    later, _ = random_customers(seed + 1, 100)
    model = fit_logistic(train, is_returning, RULES)
    rows = to_rows(model)
    random.shuffle(rows)
    assert np.array_equal(predict_logistic(from_rows(rows), later), predict_logistic(model, later))


def test_two_fits_are_the_same_to_the_last_bit():
    matrix, is_returning = random_customers(6)
    with threadpool_limits(1):
        first = fit_logistic(matrix, is_returning, RULES)
        second = fit_logistic(matrix, is_returning, RULES)
    assert to_rows(first) == to_rows(second)


@pytest.mark.parametrize(("label", "word"), [(True, "returning"), (False, "lost")])
def test_labels_that_are_all_alike_are_refused(label, word):
    expected = f"both returning and lost customers among 3 rows, got only {word} ones; choose other"
    with pytest.raises(ValueError, match=expected):
        fit_logistic(one_column([1, 2, 3]), np.array([label] * 3), [FeatureRule("a")])


@pytest.mark.parametrize("shape", [(2,), (4,), (3, 1)])
def test_labels_that_are_not_one_per_row_are_refused(shape):
    with pytest.raises(ValueError, match=r"one label for each of 3 rows, got shape .*one query"):
        fit_logistic(one_column([1, 2, 3]), np.zeros(shape, bool), [FeatureRule("a")])


@pytest.mark.parametrize("lost", ["intercept", "coefficient", "scale"])
def test_rows_that_are_not_a_whole_model_are_refused(lost):
    matrix, is_returning = random_customers(2)
    rows = to_rows(fit_logistic(matrix, is_returning, RULES))
    with pytest.raises(ValueError, match=f"expected a row '{lost}'.*got none.*fit again"):
        from_rows([row for row in rows if row.parameter_name != lost])

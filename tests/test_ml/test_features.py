"""Preprocessing: fitted once, stored as rows, and the same as scikit-learn's own steps."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from ml.features import FeatureError, FeatureMatrix, FeatureRule, Preprocessing, fit_preprocessing
from ml.parameters import ParameterRow

# Cents and days: numbers with two decimals, so that a spread is either 0 or well above rounding.
CENTS = st.integers(-(10**8), 10**8).map(lambda cents: cents / 100)


def one_column(values, name="paid_amount"):
    return FeatureMatrix((name,), np.array(values, dtype=np.float64)[:, None])


def fitted(values, **rule):
    return fit_preprocessing(one_column(values), [FeatureRule("paid_amount", **rule)])


@settings(deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 40), st.integers(1, 4)), elements=CENTS))
def test_scaled_training_columns_have_mean_0_and_population_deviation_1(values):
    assume((np.ptp(values, axis=0) > 0).all())
    names = tuple("abcd"[: values.shape[1]])
    matrix = FeatureMatrix(names, values)
    scaled = fit_preprocessing(matrix, [FeatureRule(name) for name in names]).apply(matrix)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose((scaled**2).mean(axis=0), 1.0, atol=1e-6)


@settings(deadline=None)
@given(st.floats(-1e9, 1e9), st.integers(1, 300))
def test_a_constant_column_gets_scale_1_and_becomes_0(value, count):
    preprocessing = fitted([value] * count)
    assert preprocessing.scale.tolist() == [1.0]
    scaled = preprocessing.apply(one_column([value] * count))
    np.testing.assert_allclose(scaled, 0.0, atol=1e-5)


def test_a_tenth_in_seven_rows_is_constant_although_its_sum_is_rounded():
    # sum([0.1] * 7) is not 0.7: without a bound for rounding the scale would be 1e-17.
    preprocessing = fitted([0.1] * 7)
    assert preprocessing.scale.tolist() == [1.0]
    np.testing.assert_allclose(preprocessing.apply(one_column([1.1])), 1.0)


def test_a_small_spread_on_a_large_mean_is_not_taken_for_rounding():
    # Doubles near 2**20 are 2**-32 apart, so these two differ by 16 steps.
    assert fitted([2.0**20, 2.0**20 + 2.0**-28]).scale.tolist() == [2.0**-29]


def test_logarithms_make_equal_ratios_equal_distances():
    # 1 + x is 1, e and e squared, whose logarithms are 0, 1 and 2: mean 1, variance 2/3.
    values = [0.0, np.e - 1, np.e**2 - 1]
    preprocessing = fitted(values, transform="log1p")
    np.testing.assert_allclose(preprocessing.center, [1.0])
    np.testing.assert_allclose(preprocessing.scale, [np.sqrt(2 / 3)])
    scaled = preprocessing.apply(one_column(values)).ravel()
    np.testing.assert_allclose(scaled, np.array([-1.0, 0.0, 1.0]) / np.sqrt(2 / 3), atol=1e-12)


def test_a_missing_value_becomes_the_median_of_the_training_rows():
    preprocessing = fitted([1.0, 2.0, 30.0, np.nan], null_rule="median")
    assert preprocessing.imputed_value.tolist() == [2.0]
    later = preprocessing.apply(one_column([np.nan, 2.0, 1000.0]))
    assert later[0] == later[1] != later[2]


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 30), elements=st.one_of(CENTS, st.just(np.nan))))
def test_the_median_is_that_of_the_known_values_and_0_where_there_is_none(values):
    known_values = sorted(value for value in values if not math.isnan(value))
    half = len(known_values) // 2
    if not known_values:
        expected = 0.0
    elif len(known_values) % 2:
        expected = known_values[half]
    else:
        expected = (known_values[half - 1] + known_values[half]) / 2
    assert fitted(values, null_rule="median").imputed_value[0] == pytest.approx(expected)


def test_the_median_is_filled_in_before_the_logarithm_is_taken():
    preprocessing = fitted([0.0, 3.0, 100.0, np.nan], transform="log1p", null_rule="median")
    np.testing.assert_allclose(preprocessing.center, np.log([1, 4, 101, 4]).mean())


RULES = (
    FeatureRule("average_review_score", null_rule="median"),
    FeatureRule("order_count", "log1p"),
    FeatureRule("paid_amount", "log1p", "median"),
    FeatureRule("recency_days"),
)


def random_customers(seed, rows):
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            rng.integers(1, 6, rows),
            1 + rng.poisson(0.3, rows),
            rng.lognormal(4, 1, rows),
            rng.uniform(0, 600, rows),
        ]
    ).astype(np.float64)
    values[rng.random(rows) < 0.2, 0] = np.nan
    values[rng.random(rows) < 0.1, 2] = np.nan
    return FeatureMatrix(tuple(rule.feature_name for rule in RULES), values)


def scikit_learn_steps():
    median = {"strategy": "median", "keep_empty_features": True}
    return ColumnTransformer(
        [
            ("score", make_pipeline(SimpleImputer(**median), StandardScaler()), [0]),
            ("count", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), [1]),
            (
                "amount",
                make_pipeline(
                    SimpleImputer(**median), FunctionTransformer(np.log1p), StandardScaler()
                ),
                [2],
            ),
            ("days", StandardScaler(), [3]),
        ]
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_scaled_features_are_those_of_a_scikit_learn_pipeline(seed, rows):
    train, later = random_customers(seed, rows), random_customers(seed + 1, 20)
    steps = scikit_learn_steps()
    expected_train = steps.fit_transform(train.values)
    preprocessing = fit_preprocessing(train, RULES)
    np.testing.assert_allclose(preprocessing.apply(train), expected_train, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        preprocessing.apply(later), steps.transform(later.values), rtol=1e-9, atol=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=CENTS))
def test_min_max_scaled_features_are_those_of_scikit_learn_and_survive_their_rows(values):
    names = tuple("abcd"[: values.shape[1]])
    matrix = FeatureMatrix(names, values)
    rules = [FeatureRule(name) for name in names]
    preprocessing = fit_preprocessing(matrix, rules, scaling="min_max")
    scaler = MinMaxScaler().fit(values)
    later = FeatureMatrix(names, values + 5.0)
    for one in (preprocessing, Preprocessing.from_rows(preprocessing.to_rows())):
        np.testing.assert_allclose(one.apply(matrix), scaler.transform(values), atol=1e-9)
        np.testing.assert_allclose(one.apply(later), scaler.transform(later.values), rtol=1e-6)


def test_min_max_takes_the_logarithm_first_and_leaves_a_constant_at_0():
    matrix = FeatureMatrix(("a", "b"), np.array([[0.0, 7.0], [np.e - 1, 7.0], [np.e**4 - 1, 7.0]]))
    rules = [FeatureRule("a", "log1p"), FeatureRule("b")]
    preprocessing = fit_preprocessing(matrix, rules, scaling="min_max")
    assert preprocessing.scale.tolist() == pytest.approx([4.0, 1.0])
    np.testing.assert_allclose(preprocessing.apply(matrix), [[0, 0], [0.25, 0], [1, 0]], atol=1e-12)


def test_an_unknown_scaling_is_refused():
    with pytest.raises(FeatureError, match=r"one of standard, min_max, got 'robust'"):
        fit_preprocessing(one_column([1.0]), [FeatureRule("paid_amount")], scaling="robust")


def test_prediction_does_not_fit_again():
    preprocessing = fitted([0.0, 10.0])
    np.testing.assert_allclose(
        preprocessing.apply(one_column([5.0, 15.0, 25.0])).ravel(), [0, 2, 4]
    )


def test_columns_are_found_by_name_and_others_are_ignored():
    matrix = FeatureMatrix(("b", "a"), np.array([[1.0, 10.0], [3.0, 50.0]]))
    preprocessing = fit_preprocessing(matrix, [FeatureRule("b"), FeatureRule("a")])
    swapped = FeatureMatrix(("a", "other", "b"), np.array([[10.0, np.nan, 3.0]]))
    assert preprocessing.feature_names == ("a", "b")
    np.testing.assert_allclose(preprocessing.apply(swapped), [[-1.0, 1.0]])


def test_rules_in_any_order_make_the_same_preprocessing():
    matrix = random_customers(3, 50)
    rows = fit_preprocessing(matrix, RULES).to_rows()
    assert fit_preprocessing(matrix, RULES[::-1]).to_rows() == rows


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.randoms())
def test_preprocessing_survives_its_rows_exactly(seed, random):
    train, later = random_customers(seed, 40), random_customers(seed + 1, 40)
    preprocessing = fit_preprocessing(train, RULES)
    rows = preprocessing.to_rows()
    random.shuffle(rows)
    again = Preprocessing.from_rows(rows)
    assert again.feature_names == preprocessing.feature_names
    assert np.array_equal(again.apply(later), preprocessing.apply(later))


def test_rows_say_only_what_holds():
    rows = fitted([1.0, 3.0]).to_rows()
    assert rows == [
        ParameterRow("center", 2.0, feature_name="paid_amount"),
        ParameterRow("scale", 1.0, feature_name="paid_amount"),
    ]


def test_a_feature_without_a_scale_row_is_named():
    rows = [row for row in fitted([1.0, 3.0]).to_rows() if row.parameter_name != "scale"]
    with pytest.raises(ValueError, match=r"expected a row 'scale'.*paid_amount.*fit again"):
        Preprocessing.from_rows(rows)
    with pytest.raises(ValueError, match=r"for each feature, got none"):
        Preprocessing.from_rows([])


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 20), elements=st.one_of(CENTS, st.just(np.nan))))
def test_missing_values_are_refused_with_name_and_count_where_no_rule_fills_them(values):
    missing = sum(math.isnan(value) for value in values)
    assume(missing > 0)
    with pytest.raises(
        FeatureError, match=f"^feature 'paid_amount' has {missing} missing values; "
    ):
        fitted(values)


def test_missing_values_are_refused_at_prediction_too():
    with pytest.raises(FeatureError, match=r"'paid_amount' has 2 missing values.*null rule median"):
        fitted([1.0, 2.0]).apply(one_column([np.nan, 1.0, np.nan]))


@pytest.mark.parametrize("null_rule", ["none", "median"])
@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinite_values_are_refused_with_name_and_count(infinity, null_rule):
    with pytest.raises(FeatureError, match=r"'paid_amount' has 1 infinite values.*division by 0"):
        fitted([1.0, infinity, 2.0], null_rule=null_rule)


@settings(deadline=None)
@given(st.lists(CENTS, min_size=1, max_size=10))
def test_an_amount_below_0_counts_as_0_where_a_logarithm_is_taken(values):
    """Who was refunded more than they paid is as good as who paid nothing."""
    expected = np.mean([math.log(1 + max(value, 0.0)) for value in values])
    np.testing.assert_allclose(fitted(values, transform="log1p").center, [expected], atol=1e-12)


def test_an_absent_feature_is_named_when_fitting_and_when_predicting():
    matrix = one_column([1.0, 2.0])
    with pytest.raises(
        FeatureError, match=r"'tenure_days' of seeds/feature_catalog.csv.*paid_amount"
    ):
        fit_preprocessing(matrix, [FeatureRule("tenure_days")])
    preprocessing = fit_preprocessing(matrix, [FeatureRule("paid_amount")])
    with pytest.raises(FeatureError, match=r"needs the feature 'paid_amount'.*recency_days"):
        preprocessing.apply(one_column([1.0], name="recency_days"))


def test_no_training_rows_are_refused():
    with pytest.raises(FeatureError, match=r"expected at least one training row, got none; build"):
        fitted([])


def test_no_rows_to_predict_give_no_rows():
    assert fitted([1.0, 2.0], transform="log1p").apply(one_column([])).shape == (0, 1)


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_rule_per_feature_is_needed(count):
    with pytest.raises(FeatureError, match=r"expected one rule for each of one or more features"):
        fit_preprocessing(one_column([1.0]), [FeatureRule("paid_amount")] * count)


def test_unknown_words_in_a_rule_are_refused():
    with pytest.raises(
        FeatureError, match=r"transform of 'a' must be one of identity, log1p, got 'ln'"
    ):
        FeatureRule("a", transform="ln")
    with pytest.raises(
        FeatureError, match=r"null rule of 'a' must be one of none, median, got 'mean'"
    ):
        FeatureRule("a", null_rule="mean")


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 3), (2, 2, 2)])
def test_a_matrix_whose_columns_are_not_its_names_is_refused(shape):
    with pytest.raises(FeatureError, match=r"expected a matrix with 2 columns \(a, b\), got shape"):
        FeatureMatrix(("a", "b"), np.zeros(shape))

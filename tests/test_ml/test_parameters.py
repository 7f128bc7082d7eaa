"""Parameter rows: keys are unique, numbers are finite, and what is missing is named."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.parameters import ParameterRow, component_ids, group_rows, lasting_ids, look_up

NAMES = st.sampled_from(["weight", "mean", "precision_cholesky"])
FEATURES = st.one_of(st.none(), st.sampled_from(["order_count", "paid_amount"]))
KEYS = st.tuples(NAMES, st.one_of(st.none(), st.integers(0, 4)), FEATURES, FEATURES)


@settings(deadline=None)
@given(st.dictionaries(KEYS, st.floats(allow_nan=False, allow_infinity=False)), st.randoms())
def test_every_row_is_found_under_its_own_key_in_any_order(numbers, random):
    rows = [
        ParameterRow(name, value, component, feature, paired)
        for (name, component, feature, paired), value in numbers.items()
    ]
    random.shuffle(rows)
    grouped = group_rows(rows)
    restored = {
        (name, *key): value for name, values in grouped.items() for key, value in values.items()
    }
    assert restored == numbers


def test_two_rows_with_the_same_key_are_refused_by_name():
    rows = [
        ParameterRow("mean", 1.0, 0, "paid_amount"),
        ParameterRow("mean", 1.0, 0, "paid_amount"),
    ]
    with pytest.raises(
        ValueError, match=r"the parameter 'mean' has two rows for \(0, 'paid_amount'"
    ):
        group_rows(rows)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_sql_cannot_write_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"finite number for the parameter 'center'.*recency_days"):
        ParameterRow("center", value, feature_name="recency_days")


@settings(deadline=None)
@given(st.permutations([0, 3, 4, 11]))
def test_components_come_in_ascending_order_and_may_have_gaps(components):
    values = {(component, "paid_amount", None): 1.0 for component in components}
    assert component_ids(values) == (0, 3, 4, 11)


def test_a_component_in_two_rows_is_counted_once():
    assert component_ids({(0, "a", None): 1.0, (0, "b", None): 2.0}) == (0,)


@pytest.mark.parametrize("components", [[], [None]])
def test_parameters_without_a_component_are_refused(components):
    with pytest.raises(ValueError, match=r"expected components with an id, got none.*fit again"):
        component_ids({(component, None, None): 1.0 for component in components})


@pytest.mark.parametrize("ids", [(0, 1), (0, 1, 1), (0, 2, 1), (-1, 0, 1), (0, 1, 2, 3)])
def test_ids_that_do_not_name_each_segment_once_in_order_are_refused(ids):
    with pytest.raises(ValueError, match=r"expected 3 distinct ids from 0 up, ascending, got"):
        lasting_ids(ids, 3)


def test_a_zero_is_looked_up_like_any_other_number():
    grouped = group_rows([ParameterRow("coefficient", 0.0, feature_name="tenure_days")])
    assert look_up(grouped, "coefficient", None, "tenure_days") == 0.0


def test_a_missing_number_is_named():
    grouped = group_rows([ParameterRow("centroid", 1.0, 0, "paid_amount")])
    with pytest.raises(ValueError, match=r"'centroid' for component 1 and feature paid_amount"):
        look_up(grouped, "centroid", 1, "paid_amount")
    with pytest.raises(ValueError, match=r"expected a row 'intercept'.*got none.*fit again"):
        look_up(grouped, "intercept")

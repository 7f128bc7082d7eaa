"""What fits learn from is what the warehouse has, in the order that was asked for."""

from datetime import date

import numpy as np
import pytest
from stored_models import JANUARY, JUNE, MARCH

from ml.features import FeatureRule
from ml.store.connection import StoreError
from ml.store.features import (
    count_orders,
    read_as_of_date,
    read_complete_dates,
    read_feature_rules,
    read_features,
    read_features_of_known_people_first,
    read_label_windows,
    read_labelled_features,
    read_order_history,
    require_label_window,
)


def test_the_rules_of_a_purpose_come_by_name(warehouse):
    assert read_feature_rules(warehouse, "churn") == [
        FeatureRule("average_review_score", null_rule="median"),
        FeatureRule("recency_days"),
    ]
    assert read_feature_rules(warehouse, "segmentation") == [
        FeatureRule("paid_amount", "log1p"),
        FeatureRule("recency_days"),
    ]


def test_a_purpose_without_features_is_refused(warehouse):
    warehouse.execute("update features.supplied_features set is_churn_feature = false")
    with pytest.raises(
        StoreError, match=r"no feature that .* with is_churn_feature; mark .*dbt build"
    ):
        read_feature_rules(warehouse, "churn")


def test_a_purpose_that_the_catalog_does_not_know_is_refused(warehouse):
    with pytest.raises(StoreError, match=r"lacks a table or column .*is_baskets_feature.*; run"):
        read_feature_rules(warehouse, "baskets")


def test_the_as_of_date_is_the_latest_that_was_built(warehouse):
    assert read_as_of_date(warehouse) == JUNE


def test_a_warehouse_without_as_of_dates_is_refused(warehouse):
    warehouse.execute("delete from features.as_of_dates")
    with pytest.raises(StoreError, match=r"features\.as_of_dates is empty; run `dbt build`"):
        read_as_of_date(warehouse)


def test_complete_dates_are_those_of_the_asked_window(warehouse):
    assert read_complete_dates(warehouse, 90) == [JANUARY, MARCH]
    assert read_complete_dates(warehouse, 120) == [JANUARY]
    assert read_complete_dates(warehouse, 365) == []
    assert read_label_windows(warehouse) == [90, 120]


def test_the_history_of_orders_is_that_of_the_data_and_not_of_the_as_of_date(warehouse):
    warehouse.execute(
        """
        create table features.data_range as select date '2017-12-24' as first_order_date,
            date '2018-05-02' as end_of_data_date, date '2019-01-01' as as_of_date;
        create schema canonical;
        create table canonical.orders as select unnest([
            timestamp '2018-05-31 23:59:59', timestamp '2018-06-01', timestamp '2018-08-29 23:59:59'
        ]) as ordered_at;
        """
    )
    history = read_order_history(warehouse)
    assert (history.first_date, history.end_date) == (date(2017, 12, 24), date(2018, 5, 2))
    assert history.snapshot_dates == (JANUARY, MARCH, JUNE)
    assert count_orders(warehouse, JUNE, date(2018, 8, 29)) == 1
    assert count_orders(warehouse, JUNE, date(2018, 8, 30)) == 2


def test_a_label_window_that_the_warehouse_has_is_taken(warehouse):
    assert require_label_window(warehouse, 120) == 120


def test_a_label_window_that_the_warehouse_lacks_is_refused(warehouse):
    with pytest.raises(StoreError, match=r"no label window of 180 days, it has 90, 120; add it"):
        require_label_window(warehouse, 180)


def test_features_come_in_the_asked_columns_by_customer_id_with_nan_for_null(warehouse):
    matrix = read_features(warehouse, ["average_review_score", "recency_days"], JANUARY)
    assert matrix.feature_names == ("average_review_score", "recency_days")
    assert matrix.values.dtype == np.float64
    np.testing.assert_array_equal(matrix.values, [[4.5, 1.0], [np.nan, 3.0]])


def test_decimals_become_the_nearest_doubles(warehouse):
    matrix = read_features(warehouse, ["paid_amount"], MARCH)
    np.testing.assert_array_equal(matrix.values, [[20.2], [np.nan]])


def test_a_date_without_features_has_no_rows(warehouse):
    assert read_features(
        warehouse, ["paid_amount", "recency_days"], date(2016, 1, 1)
    ).values.shape == (0, 2)


def test_labelled_features_come_by_date_and_customer_id(warehouse):
    labelled = read_labelled_features(warehouse, ["recency_days"], [MARCH, JANUARY], 90)
    assert labelled.matrix.values.ravel().tolist() == [1.0, 3.0, 60.0, 7.0]
    assert labelled.is_returning.tolist() == [False, True, True, False]
    assert labelled.is_returning.dtype == np.bool_


def test_labels_are_those_of_the_asked_window(warehouse):
    labelled = read_labelled_features(warehouse, ["recency_days"], [JANUARY], 120)
    assert labelled.matrix.values.ravel().tolist() == [1.0, 3.0]
    assert labelled.is_returning.tolist() == [True, False]


def test_incomplete_windows_are_left_out_even_where_the_customer_has_returned(warehouse):
    labelled = read_labelled_features(warehouse, ["recency_days"], [JANUARY, MARCH, JUNE], 120)
    assert labelled.matrix.values.ravel().tolist() == [1.0, 3.0]


def test_dates_without_a_complete_window_are_refused(warehouse):
    expected = r"no label of 90 days is complete as of 2018-06-01; choose an earlier date"
    with pytest.raises(StoreError, match=expected):
        read_labelled_features(warehouse, ["recency_days"], [JUNE], 90)


def test_a_complete_window_without_a_label_is_refused_rather_than_taken_for_lost(warehouse):
    warehouse.execute(
        "update features.customer_labels set is_returning = null where customer_id = 'zoe'"
    )
    with pytest.raises(StoreError, match=r"has 1 complete windows of 90 days without is_returning"):
        read_labelled_features(warehouse, ["recency_days"], [JANUARY], 90)


def test_shuffled_features_keep_their_order_when_somebody_comes(warehouse):
    """Each as of January; who comes next is somewhere among them, not at the end."""
    for number in range(20):
        warehouse.execute(
            "insert into features.customer_feature_snapshots values (?, '2018-01-01', ?, 1, 1)",
            [f"person {number}", 100 + number],
        )
    read = read_features
    before = read(warehouse, ["recency_days"], JANUARY, is_shuffled=True).values.ravel().tolist()
    assert sorted(before) == [1.0, 3.0, *range(100, 120)]
    assert before != read(warehouse, ["recency_days"], JANUARY).values.ravel().tolist()
    warehouse.execute(
        "insert into features.customer_feature_snapshots values ('new', '2018-01-01', 999, 1, 1)"
    )
    after = read(warehouse, ["recency_days"], JANUARY, is_shuffled=True).values.ravel().tolist()
    assert [value for value in after if value != 999] == before
    assert after[-1] != 999


def test_people_known_early_come_first_and_in_the_same_order_at_each_date(warehouse):
    warehouse.execute(
        """
        insert into features.customer_feature_snapshots values
            ('abe', '2018-03-01', 5, 1.0, 2.0), ('zoe', '2018-03-01', 62, 10.10, null)
        """
    )
    matrix = read_features_of_known_people_first(
        warehouse, ["recency_days"], MARCH, known_at=JANUARY
    )
    # ann and zoe were known in January; abe and bob came after.
    assert matrix.values.ravel().tolist() == [60.0, 62.0, 5.0, 7.0]

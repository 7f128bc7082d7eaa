"""The store: what is read is what was written, and a write is whole or not at all."""

import json
import math
import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
from candidates import PASSING
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.families.kmeans import fit_kmeans, from_rows, predict_kmeans, to_rows
from ml.features import FeatureMatrix, FeatureRule
from ml.figures import BaselineMetric, CurvePoint, Metric
from ml.parameters import ParameterRow
from ml.registry import Decision, FittedModel, decide_statuses
from ml.segmentation.candidates import QUICK_STUDY, Recipe, StudiedSegment
from ml.statements import count_rows, transaction
from ml.store.champions import (
    promote,
    read_candidates,
    read_champion_history,
    read_suspicions,
    roll_back,
    write_decisions,
    write_not_eligible,
)
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
    read_stability_dates,
    require_label_window,
)
from ml.store.models import (
    has_registry,
    read_former_models,
    read_model,
    read_models,
    read_next_segment_id,
    read_parameters,
    write_model,
    write_retest,
)
from ml.store.studies import read_best_recipe, read_study_id, write_stability, write_study

MACRO = Path(__file__).parents[2] / "dbt_project" / "macros" / "ml" / "create_model_tables.sql"
JANUARY, MARCH, JUNE = date(2018, 1, 1), date(2018, 3, 1), date(2018, 6, 1)
MODEL_TABLES = ("model_registry", "model_parameters", "model_metrics")
PASSED = {"gates": {"verdict": "passed"}}
MODEL = FittedModel(
    purpose="churn",
    family="logistic",
    as_of_date=JUNE,
    row_count=100,
    feature_count=1,
    settings={"seed": 1, "training_dates": [JANUARY], **PASSED},
    code_version="0.1.0",
    parameters=[
        ParameterRow("intercept", -3.0),
        ParameterRow("coefficient", 0.1, feature_name="order_count"),
        ParameterRow("precision_cholesky", 0.5, 2, "order_count", "paid_amount"),
    ],
    metrics=[
        Metric("train", "base_rate", 0.04),
        Metric("test", "roc_auc", 0.6, 0.55, 0.65, "recency", 0.58),
    ],
)
JUDGED = replace(
    MODEL,
    settings={"seed": 1, "test_date": "2018-03-01", "label_window_days": 180, **PASSED},
    parameters=[ParameterRow("coefficient", 0.1, feature_name="recency_days")],
    metrics=[
        Metric("cross_validation", "roc_auc", 0.61),
        Metric("test", "roc_auc", 0.6, 0.55, 0.65, "recency", 0.58),
        Metric("retest 2018-06-01", "roc_auc", 0.59),
        Metric("test", "roc_auc_gain", 0.02, 0.01, 0.03),
    ],
)


def model_tables_ddl():
    """The statements of the dbt macro, so that these tables are the warehouse's own."""
    text = MACRO.read_text(encoding="utf-8")
    body = text.split("create_model_tables() -%}")[1].split("{%- endmacro")[0]
    return body.replace("{{ type_double() }}", "double")


@pytest.fixture
def warehouse():
    """An in-memory warehouse with empty model tables and a few features and labels."""
    with duckdb.connect() as connection:
        connection.execute(model_tables_ddl())
        connection.execute(
            """
            create schema features;
            create table features.supplied_features (
                feature_name varchar, transform varchar, null_rule varchar,
                is_segmentation_feature boolean, is_churn_feature boolean
            );
            insert into features.supplied_features values
                ('recency_days', 'identity', 'none', true, true),
                ('average_review_score', 'identity', 'median', false, true),
                ('paid_amount', 'log1p', 'none', true, false),
                ('note', 'identity', 'none', false, false);
            create table features.as_of_dates (as_of_date date);
            insert into features.as_of_dates values ('2018-03-01'), ('2018-06-01'), ('2018-01-01');
            create table features.customer_feature_snapshots (
                customer_id varchar, as_of_date date, recency_days integer,
                paid_amount decimal(18, 2), average_review_score double
            );
            insert into features.customer_feature_snapshots values
                ('zoe', '2018-01-01', 3, 10.10, null),
                ('ann', '2018-01-01', 1, 20.20, 4.5),
                ('bob', '2018-03-01', 7, null, 1.0),
                ('ann', '2018-03-01', 60, 20.20, 4.5),
                ('ann', '2018-06-01', 152, 20.20, 4.5);
            create table features.customer_labels (
                customer_id varchar, as_of_date date, label_window_days integer,
                is_label_complete boolean, is_returning boolean
            );
            insert into features.customer_labels values
                ('zoe', '2018-01-01', 90, true, true),
                ('ann', '2018-01-01', 90, true, false),
                ('bob', '2018-03-01', 90, true, false),
                ('ann', '2018-03-01', 90, true, true),
                ('ann', '2018-06-01', 90, false, true),
                ('zoe', '2018-01-01', 120, true, false),
                ('ann', '2018-01-01', 120, true, true),
                ('bob', '2018-03-01', 120, false, null),
                ('ann', '2018-03-01', 120, false, true);
            """
        )
        yield connection


def count_model_rows(connection):
    return [count_rows(connection, f"ml.{table}") for table in MODEL_TABLES]


# --- what is read -------------------------------------------------------------------------------


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
    found = read_labelled_features(warehouse, ["recency_days"], [MARCH, JANUARY], 90)
    assert found.matrix.values.ravel().tolist() == [1.0, 3.0, 60.0, 7.0]
    assert found.is_returning.tolist() == [False, True, True, False]
    assert found.is_returning.dtype == np.bool_


def test_labels_are_those_of_the_asked_window(warehouse):
    found = read_labelled_features(warehouse, ["recency_days"], [JANUARY], 120)
    assert found.matrix.values.ravel().tolist() == [1.0, 3.0]
    assert found.is_returning.tolist() == [True, False]


def test_incomplete_windows_are_left_out_even_where_the_customer_has_returned(warehouse):
    found = read_labelled_features(warehouse, ["recency_days"], [JANUARY, MARCH, JUNE], 120)
    assert found.matrix.values.ravel().tolist() == [1.0, 3.0]


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


# --- what is missing ----------------------------------------------------------------------------

READERS = {
    "features.supplied_features": lambda connection: read_feature_rules(connection, "churn"),
    "features.as_of_dates": read_as_of_date,
    "features.customer_feature_snapshots": lambda connection: read_features(
        connection, ["recency_days"], JANUARY
    ),
    "features.customer_labels": lambda connection: read_labelled_features(
        connection, ["recency_days"], [JANUARY], 90
    ),
    "ml.model_parameters": lambda connection: read_parameters(connection, "any"),
    "ml.model_registry": read_candidates,
    "ml.model_metrics": lambda connection: write_model(connection, MODEL),
}


@pytest.mark.parametrize("table", READERS)
def test_a_missing_table_is_named_and_what_to_run(warehouse, table):
    warehouse.execute(f"drop table {table}")
    name = table.split(".")[1]
    with pytest.raises(StoreError, match=f"lacks a table .*{name}.*; run `regulars build`"):
        READERS[table](warehouse)


def test_an_empty_warehouse_is_told_what_to_run():
    with duckdb.connect() as connection:
        for reader in READERS.values():
            with pytest.raises(StoreError, match=r"run `regulars build`, or `dbt build` after"):
                reader(connection)
        with pytest.raises(StoreError, match=r"lacks a table"):
            write_decisions(connection, [Decision("any", "retired", "")])


def test_a_warehouse_that_is_only_loaded_has_no_registry(warehouse):
    assert has_registry(warehouse)
    with duckdb.connect() as connection:
        connection.execute("create schema raw; create table raw.model_registry (model_id varchar)")
        assert not has_registry(connection)


def test_a_feature_that_the_snapshots_lack_is_named(warehouse):
    for read in (
        lambda: read_features(warehouse, ["recency_days", "shoe_size"], JANUARY),
        lambda: read_labelled_features(warehouse, ["shoe_size"], [JANUARY], 90),
    ):
        with pytest.raises(StoreError, match=r"snapshots disagree .*shoe_size.*; add the column"):
            read()


def test_a_column_that_another_table_lacks_is_named(warehouse):
    warehouse.execute("alter table features.customer_labels drop column is_label_complete")
    with pytest.raises(StoreError, match=r"lacks a table or column .*is_label_complete.*; run"):
        read_complete_dates(warehouse, 90)


# --- what is written ----------------------------------------------------------------------------


def test_a_model_is_written_into_all_three_tables_as_challenger(warehouse):
    model_id = write_model(warehouse, MODEL)
    assert model_id == MODEL.model_id
    assert count_model_rows(warehouse) == [1, 3, 2]
    (row,) = warehouse.execute(
        """
        select model_id, purpose, family, status, as_of_date, row_count, feature_count,
            settings, code_version from ml.model_registry
        """
    ).fetchall()
    assert row[:7] == (model_id, "churn", "logistic", "challenger", JUNE, 100, 1)
    assert json.loads(row[7]) == {
        "seed": 1, "training_dates": ["2018-01-01"], **PASSED
    }  # fmt: skip
    assert row[8] == "0.1.0"
    assert warehouse.execute("select * from ml.model_metrics order by split desc").fetchall() == [
        (model_id, "train", "base_rate", 0.04, None, None, None, None),
        (model_id, "test", "roc_auc", 0.6, 0.55, 0.65, "recency", 0.58),
    ]


def test_parameters_are_read_as_they_were_written(warehouse):
    model_id = write_model(warehouse, MODEL)
    write_model(warehouse, replace(MODEL, settings={"seed": 2, **PASSED}))
    found = read_parameters(warehouse, model_id)
    assert sorted(found, key=str) == sorted(MODEL.parameters, key=str)


def test_a_fitted_model_predicts_the_same_after_a_stay_in_the_warehouse(warehouse):
    values = np.random.default_rng(0).lognormal(3, 1, (60, 2))
    matrix = FeatureMatrix(("paid_amount", "recency_days"), values)
    rules = [FeatureRule("paid_amount", "log1p"), FeatureRule("recency_days")]
    model = fit_kmeans(matrix, rules, segment_count=3, start_count=1)
    fitted = replace(MODEL, parameters=to_rows(model))
    again = from_rows(read_parameters(warehouse, write_model(warehouse, fitted)))
    assert np.array_equal(again.centroids, model.centroids)
    assert np.array_equal(predict_kmeans(again, matrix), predict_kmeans(model, matrix))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False),
            st.floats(-2.3e-308, 2.3e-308),
            st.sampled_from([-0.0, 0.0, 5e-324, -5e-324, 1.7976931348623157e308, 0.1]),
        ),
        min_size=1,
        max_size=50,
    )
)
def test_doubles_survive_to_the_last_bit(values):
    rows = [ParameterRow("centroid", value, index) for index, value in enumerate(values)]
    metrics = [Metric("train", f"metric_{index}", value) for index, value in enumerate(values)]
    with duckdb.connect() as connection:
        connection.execute(model_tables_ddl())
        model_id = write_model(connection, replace(MODEL, parameters=rows, metrics=metrics))
        found = {row.component_id: row.value for row in read_parameters(connection, model_id)}
        written = dict(
            connection.execute("select metric_name, metric_value from ml.model_metrics").fetchall()
        )
    # Hexadecimal texts tell -0.0 from 0.0.
    assert [found[index].hex() for index in range(len(values))] == [v.hex() for v in values]
    assert [written[metric.metric_name].hex() for metric in metrics] == [v.hex() for v in values]


@pytest.mark.parametrize("lost", MODEL_TABLES)
def test_a_write_that_fails_in_one_table_leaves_nothing_in_the_others(warehouse, lost):
    warehouse.execute(f"drop table ml.{lost}")
    with pytest.raises(StoreError, match=lost):
        write_model(warehouse, MODEL)
    left = [table for table in MODEL_TABLES if table != lost]
    assert [count_rows(warehouse, f"ml.{table}") for table in left] == [0, 0]


def test_a_write_that_fails_on_a_value_says_which_and_can_be_tried_again(warehouse):
    broken = replace(MODEL, metrics=[Metric("test", None, 0.5)])
    with pytest.raises(duckdb.ConstraintException, match=r"model_metrics\.metric_name"):
        write_model(warehouse, broken)
    assert count_model_rows(warehouse) == [0, 0, 0]
    write_model(warehouse, MODEL)
    assert count_model_rows(warehouse) == [1, 3, 2]


def test_writing_leaves_no_helper_behind(warehouse):
    before = warehouse.execute("show all tables").fetchall()
    write_model(warehouse, MODEL)
    assert warehouse.execute("show all tables").fetchall() == before


def test_a_model_without_metrics_can_be_written(warehouse):
    write_model(warehouse, replace(MODEL, metrics=[]))
    assert count_model_rows(warehouse) == [1, 3, 0]


def test_curves_and_rules_beside_a_model_are_written_and_replaced_by_those_of_the_next_fit(
    warehouse,
):
    rule = BaselineMetric("recency", "roc_auc", 0.57, None, None, 0.03, None, None)
    point = CurvePoint("model", "roc", 1, 0.0, 0.0, None, None, 3.0, 0.0)
    judged = replace(MODEL, baselines=[rule, replace(rule, lower_bound=0.5)], curves=[point])
    write_model(warehouse, judged)
    assert warehouse.execute("from ml.baseline_metrics order by all").fetchall() == [
        (MODEL.model_id, "test", "recency", "roc_auc", 0.57, 0.5, None, 0.03, None, None),
        (MODEL.model_id, "test", "recency", "roc_auc", 0.57, None, None, 0.03, None, None),
    ]
    assert warehouse.execute("from ml.model_curves").fetchall() == [
        (MODEL.model_id, "test", "model", "roc", 1, 0.0, 0.0, None, None, 3.0, 0.0)
    ]
    write_model(warehouse, replace(MODEL, baselines=[rule]))
    assert count_rows(warehouse, "ml.baseline_metrics") == 1
    assert count_rows(warehouse, "ml.model_curves") == 0


def test_the_same_fit_written_twice_is_kept_once(warehouse):
    write_model(warehouse, MODEL)
    write_decisions(warehouse, [Decision(MODEL.model_id, "champion", "the best")])
    shuffled = replace(MODEL, parameters=MODEL.parameters[::-1])
    assert write_model(warehouse, shuffled) == MODEL.model_id
    assert count_model_rows(warehouse) == [1, 3, 2]
    assert warehouse.execute("select status, status_reason from ml.model_registry").fetchall() == [
        ("champion", "the best")
    ]


def test_a_retired_fit_that_comes_again_is_a_challenger_and_the_latest(warehouse):
    newer = replace(MODEL, settings={"seed": 2, **PASSED})
    write_model(warehouse, MODEL)
    write_model(warehouse, newer)
    write_decisions(
        warehouse,
        [
            Decision(MODEL.model_id, "retired", "replaced by the newer"),
            Decision(newer.model_id, "champion", "the best"),
        ],
    )
    assert [each.model_id for each in read_candidates(warehouse)] == [newer.model_id]

    write_model(warehouse, MODEL)
    assert count_model_rows(warehouse) == [2, 6, 4]
    candidates = read_candidates(warehouse)
    assert [(each.model_id, each.status) for each in candidates] == [
        (newer.model_id, "champion"),
        (MODEL.model_id, "challenger"),
    ]
    reasons = warehouse.execute("select status_reason from ml.model_registry order by 1").fetchall()
    assert reasons == [("fitted again",), ("the best",)]


def test_parameters_of_an_unknown_model_are_refused(warehouse):
    write_model(warehouse, MODEL)
    with pytest.raises(StoreError, match=r"no model 'logistic-0'; `select model_id from"):
        read_parameters(warehouse, "logistic-0")


# --- champions ----------------------------------------------------------------------------------


def test_candidates_come_oldest_first_with_the_figure_that_decides(warehouse):
    kmeans = replace(
        MODEL,
        purpose="segmentation",
        family="kmeans",
        settings={"seed": 1},
        metrics=[Metric("study", "silhouette", 0.3), Metric("train", "silhouette", 0.9)],
    )
    unknown = replace(kmeans, family="gmm", metrics=[Metric("train", "davies_bouldin", 2.0)])
    for model in (JUDGED, kmeans, unknown):
        write_model(warehouse, model)
    warehouse.execute(
        """
        update ml.model_registry set trained_at = case family
            when 'kmeans' then timestamp '2018-09-01' when 'logistic' then timestamp '2018-09-02'
            else timestamp '2018-09-03' end
        """
    )
    candidates = read_candidates(warehouse)
    assert [(each.family, each.purpose, each.trained_order) for each in candidates] == [
        ("kmeans", "segmentation", 1),
        ("logistic", "churn", 2),
        ("gmm", "segmentation", 3),
    ]
    assert [each.quality for each in candidates] == [0.3, 0.61, -math.inf]
    assert {each.as_of_date for each in candidates} == {JUNE}
    assert [each.refusal for each in candidates] == [
        "no study of it is known", "", "no study of it is known"
    ]  # fmt: skip


def test_a_candidate_knows_its_tests_and_what_the_gates_said(warehouse):
    write_model(warehouse, JUDGED)
    (candidate,) = read_candidates(warehouse)
    # Tests of other label windows are other tests.
    assert candidate.test_date == "2018-03-01 + 180 days"
    assert candidate.test_qualities == {
        "2018-03-01 + 180 days": 0.6,
        "2018-06-01 + 180 days": 0.59,
    }
    assert (candidate.refusal, candidate.was_champion, candidate.is_rolled_back) == (
        "", False, False
    )  # fmt: skip
    for verdict, refusal in (("passed", ""), ("has not passed: a leak", "has not passed: a leak")):
        gates = {"verdict": verdict, "evidence": "0.6 of at most 0.75"}
        write_model(warehouse, replace(JUDGED, settings={**JUDGED.settings, "gates": gates}))
        (candidate,) = read_candidates(warehouse)
        assert (candidate.refusal, candidate.evidence) == (refusal, "0.6 of at most 0.75")
    write_model(warehouse, replace(JUDGED, settings={"seed": 9}))
    (*_, ungated) = read_candidates(warehouse)
    assert ungated.refusal == "fitted before churn models were held to gates"


# --- champions by hand, and their history -------------------------------------------------------


def churn_model(seed, **more):
    return replace(JUDGED, settings={**JUDGED.settings, "seed": seed}, **more)


def fit_and_choose(warehouse, *models):
    """As a fit does it; each is trained a second later than the one before."""
    for model in models:
        write_model(warehouse, model)
        warehouse.execute(
            "update ml.model_registry set trained_at = (select max(trained_at) from "
            "ml.model_registry) + interval 1 second where model_id = ?",
            [model.model_id],
        )
        write_decisions(warehouse, decide_statuses(read_candidates(warehouse)))


def read_statuses(warehouse):
    return dict(warehouse.execute("select model_id, status from ml.model_registry").fetchall())


def read_changes(warehouse):
    return [
        (each.change_number, each.purpose, each.model_id, each.former_model_id, each.action)
        for each in read_champion_history(warehouse)
    ]


ONE, TWO, THREE = (churn_model(seed) for seed in (1, 2, 3))


def test_the_history_has_a_row_only_when_a_champion_changes(warehouse):
    fit_and_choose(warehouse, ONE, ONE, segmentation("kmeans", "passed"), TWO)
    kmeans = segmentation("kmeans", "passed").model_id
    assert read_changes(warehouse) == [
        (1, "churn", ONE.model_id, None, "chosen"),
        (2, "segmentation", kmeans, None, "chosen"),
        (3, "churn", TWO.model_id, ONE.model_id, "chosen"),
    ]
    last = read_champion_history(warehouse)[-1]
    assert "on the test of 2018-03-01" in last.reason
    of_one = read_champion_history(warehouse, ONE.model_id)
    assert [each.change_number for each in of_one] == [1, 3]


def test_that_nobody_is_champion_any_more_is_a_change_too(warehouse):
    fit_and_choose(warehouse, segmentation("kmeans", "passed"), segmentation("kmeans", "too few"))
    kmeans = segmentation("kmeans", "passed").model_id
    assert read_changes(warehouse)[1] == (2, "segmentation", None, kmeans, "chosen")
    assert read_champion_history(warehouse)[1].reason == "no model can be champion"
    (candidate,) = read_candidates(warehouse)
    assert candidate.was_champion is True


def test_who_was_champion_before_there_was_a_history_is_known_once_replaced(warehouse):
    write_model(warehouse, ONE)
    warehouse.execute("update ml.model_registry set status = 'champion'")
    fit_and_choose(warehouse, TWO)
    write_model(warehouse, ONE)
    was_champion = {each.model_id: each.was_champion for each in read_candidates(warehouse)}
    assert was_champion == {ONE.model_id: True, TWO.model_id: True}
    assert roll_back(warehouse, "churn") == (ONE.model_id, TWO.model_id)


def test_a_history_that_cannot_be_written_leaves_statuses_as_they_were(warehouse):
    fit_and_choose(warehouse, ONE)
    write_model(warehouse, TWO)
    before = read_statuses(warehouse)
    warehouse.execute(
        "create table kept as from ml.champion_history; drop table ml.champion_history; "
        "create table ml.champion_history as from kept; "
        "alter table ml.champion_history add column more integer"
    )
    with pytest.raises(StoreError, match="champion_history"):
        promote(warehouse, TWO.model_id, "why not")
    assert read_statuses(warehouse) == before


def test_a_promoted_model_is_the_one_champion_and_the_former_a_challenger(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "champion"}
    assert promote(warehouse, ONE.model_id, "the board wants it") == TWO.model_id
    assert read_statuses(warehouse) == {ONE.model_id: "champion", TWO.model_id: "challenger"}
    change = read_champion_history(warehouse)[-1]
    assert (change.model_id, change.action, change.reason) == (
        ONE.model_id, "promoted", "the board wants it"
    )  # fmt: skip


def test_the_other_purpose_keeps_its_champion(warehouse):
    kmeans = segmentation("kmeans", "passed")
    fit_and_choose(warehouse, kmeans, ONE, TWO)
    promote(warehouse, ONE.model_id, "by hand")
    roll_back(warehouse, "churn")
    assert read_statuses(warehouse)[kmeans.model_id] == "champion"


def test_a_roll_back_goes_back_step_by_step(warehouse):
    fit_and_choose(warehouse, ONE, TWO, THREE)
    ids = [each.model_id for each in (ONE, TWO, THREE)]
    assert roll_back(warehouse, "churn") == (ids[1], ids[2])
    assert roll_back(warehouse, "churn") == (ids[0], ids[1])
    assert read_statuses(warehouse) == dict(
        zip(ids, ("champion", "retired", "retired"), strict=True)
    )
    with pytest.raises(StoreError, match=rf"{ids[0]} is the first champion of churn, so there is"):
        roll_back(warehouse, "churn")
    assert [row[2:] for row in read_changes(warehouse)[3:]] == [
        (ids[1], ids[2], "rolled back"), (ids[0], ids[1], "rolled back")
    ]  # fmt: skip


def test_a_roll_back_after_a_promotion_undoes_it(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    promote(warehouse, ONE.model_id, "by hand")
    assert roll_back(warehouse, "churn") == (TWO.model_id, ONE.model_id)
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "champion"}


def test_a_refit_does_not_lift_a_roll_back_and_a_promotion_does(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    roll_back(warehouse, "churn")
    fit_and_choose(warehouse, TWO)
    assert read_statuses(warehouse) == {ONE.model_id: "champion", TWO.model_id: "retired"}
    assert read_model(warehouse, TWO.model_id).status_reason == "rolled back by hand"
    fit_and_choose(warehouse, THREE)  # another one may
    assert read_statuses(warehouse)[THREE.model_id] == "champion"
    promote(warehouse, TWO.model_id, "it was right after all")
    assert read_statuses(warehouse)[TWO.model_id] == "champion"
    fit_and_choose(warehouse, TWO)
    assert read_statuses(warehouse)[TWO.model_id] == "champion"


def test_without_a_champion_there_is_nothing_to_roll_back(warehouse):
    with pytest.raises(StoreError, match=r"churn has no champion to roll back; .*models promote"):
        roll_back(warehouse, "churn")


def test_what_cannot_score_this_build_is_not_promoted(warehouse):
    later = churn_model(4, as_of_date=date(2018, 6, 2))
    featureless = churn_model(5, parameters=MODEL.parameters)
    empty = churn_model(6)
    fit_and_choose(warehouse, ONE)
    for model in (later, featureless, empty):
        write_model(warehouse, model)
    warehouse.execute("delete from ml.model_parameters where model_id = ?", [empty.model_id])
    row = write_not_eligible(warehouse, "churn", MARCH, "too few came back", {}, "0.1.0")
    before = read_statuses(warehouse)
    for model_id, expected in (
        (later.model_id, r"as of 2018-06-02, the warehouse is built as of 2018-06-01; expected"),
        (featureless.model_id, r"needs order_count, which .* no longer has; fit a new one"),
        (empty.model_id, r"no rows in ml\.model_parameters.*`regulars fit`"),
        (row, r"is no model, it says why none was fitted: too few came back"),
        (ONE.model_id, r"is the champion of churn already"),
        (ONE.model_id[:-1], rf"has no model '.*'; did you mean {ONE.model_id}\?"),
    ):
        with pytest.raises(StoreError, match=expected):
            promote(warehouse, model_id, "by hand")
        assert read_statuses(warehouse) == before
    assert len(read_changes(warehouse)) == 1


def set_bound(warehouse, most_plausible, most_plausible_gain="null"):
    warehouse.execute(
        "create or replace table features.churn_protocol as "
        f"select {most_plausible}::double as most_plausible_roc_auc, "
        f"{most_plausible_gain}::double as most_plausible_roc_auc_gain"
    )


def test_a_model_too_far_above_the_best_baseline_of_its_test_is_not_eligible(warehouse):
    fit_and_choose(warehouse, TWO)
    auc, baseline = next(
        (metric.metric_value, metric.baseline_value)
        for metric in TWO.metrics
        if (metric.split, metric.metric_name) == ("test", "roc_auc")
    )
    set_bound(warehouse, 0.97, auc - baseline + 0.001)
    assert read_suspicions(warehouse) == {}
    set_bound(warehouse, 0.97, auc - baseline - 0.001)
    assert read_suspicions(warehouse) == {
        TWO.model_id: f"suspected leak: ROC AUC {auc:.4f} of the split test, expected at most "
        f"{auc - 0.001:g}"
    }


def test_a_model_with_a_figure_above_today_s_bound_is_not_eligible_whoever_fitted_it(warehouse):
    """By an earlier version, under a higher bound, or on a later test: the figures say it."""
    set_bound(warehouse, 0.75)
    fit_and_choose(warehouse, ONE, TWO)
    assert read_statuses(warehouse)[TWO.model_id] == "champion"
    write_retest(warehouse, TWO.model_id, JUNE, "roc_auc", 0.81)
    assert read_suspicions(warehouse) == {
        TWO.model_id: "suspected leak: ROC AUC 0.8100 of the split retest 2018-06-01, "
        "expected at most 0.75"
    }
    write_decisions(warehouse, decide_statuses(read_candidates(warehouse)))
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "not_eligible"}
    assert read_changes(warehouse)[-1][2:] == (None, TWO.model_id, "chosen")
    with pytest.raises(StoreError, match=r"cannot be champion: suspected leak: ROC AUC 0\.81"):
        promote(warehouse, TWO.model_id, "by hand")
    promote(warehouse, ONE.model_id, "the honest one")
    # What is fitted again is judged by what is found then.
    fit_and_choose(warehouse, TWO)
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "champion"}


def test_what_a_fit_says_of_a_leak_is_what_the_registry_says(warehouse):
    set_bound(warehouse, 0.5)
    why = "suspected leak: ROC AUC 0.6000 on the test date; 'freight_share' alone has 0.5900"
    gates = {"verdict": why, "evidence": "", "suspicion": why}
    leaky = replace(ONE, settings={**ONE.settings, "gates": gates})
    fit_and_choose(warehouse, leaky)
    model = read_model(warehouse, leaky.model_id)
    assert (model.status, model.status_reason) == ("not_eligible", why)
    # That nothing can be fitted any more retires it, and takes no model's row away.
    write_not_eligible(warehouse, "churn", leaky.as_of_date, "too few", {}, "0.1.0")
    assert read_model(warehouse, leaky.model_id).status == "retired"
    set_bound(warehouse, 0.9)
    fit_and_choose(warehouse, ONE)
    assert read_statuses(warehouse) == {ONE.model_id: "champion"}


def test_a_former_champion_that_cannot_score_is_not_gone_back_to(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    warehouse.execute("delete from ml.model_parameters where model_id = ?", [ONE.model_id])
    with pytest.raises(StoreError, match=rf"{ONE.model_id} has no rows in ml\.model_parameters"):
        roll_back(warehouse, "churn")
    assert read_statuses(warehouse)[TWO.model_id] == "champion"


class Deadly:
    """A connection whose process dies right after so many statements."""

    def __init__(self, connection, statements_left):
        self.connection, self.statements_left = connection, statements_left

    def execute(self, *arguments):
        result = self.connection.execute(*arguments)
        self.statements_left -= 1
        if self.statements_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def change_and_die(path, change, statement_count):
    with duckdb.connect(str(path)) as connection:
        change(Deadly(connection, statement_count))


@pytest.mark.parametrize(
    "change",
    [
        lambda connection: promote(connection, ONE.model_id, "by hand"),
        lambda connection: roll_back(connection, "churn"),
    ],
    ids=["promotion", "roll back"],
)
def test_a_kill_at_any_statement_leaves_one_champion_and_a_true_history(
    warehouse, tmp_path, change
):
    """Killed for good, in a process of its own: what is found is what is in the file."""
    fit_and_choose(warehouse, ONE, TWO)
    warehouse.execute(f"export database '{tmp_path / 'sound'}'")
    found = []
    for statement_count in range(1, 50):
        path = tmp_path / f"killed_at_{statement_count}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"import database '{tmp_path / 'sound'}'")
        child = multiprocessing.get_context("fork").Process(
            target=change_and_die, args=(path, change, statement_count)
        )
        child.start()
        child.join(60)
        with duckdb.connect(str(path)) as connection:
            status = read_statuses(connection)
            last = read_champion_history(connection)[-1]
        (champion,) = [model_id for model_id, each in status.items() if each == "champion"]
        assert last.model_id == champion
        found.append(champion)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    # Before the commit, which is the last statement, nothing is changed; after it, all.
    assert found[:-2] == [TWO.model_id] * (len(found) - 2)
    assert found[-2:] == [ONE.model_id] * 2
    assert len(found) > 8


def test_that_nothing_could_be_fitted_is_one_row_until_something_is(warehouse):
    for reason in ("nobody came back", "3 came back, at least 50 are wanted"):
        row = write_not_eligible(warehouse, "churn", JUNE, reason, {"least": 50}, "0.1.0")
        assert row == "churn-20180601-not-eligible"
    (model,) = read_models(warehouse)
    assert (model.family, model.status, model.status_reason) == ("none", "not_eligible", reason)
    assert (model.row_count, model.feature_count, model.parameter_count) == (0, 0, 0)
    assert model.settings == {"least": 50}
    assert read_candidates(warehouse) == []
    fit_and_choose(warehouse, ONE)
    assert read_statuses(warehouse) == {ONE.model_id: "champion"}


def test_models_are_read_with_all_that_is_known_of_them(warehouse):
    kmeans = segmentation("kmeans", "passed")
    fit_and_choose(warehouse, kmeans, ONE, TWO)
    found = read_models(warehouse)
    assert [each.model_id for each in found] == [TWO.model_id, ONE.model_id, kmeans.model_id]
    assert [each.model_id for each in read_models(warehouse, "segmentation")] == [kmeans.model_id]
    model = read_model(warehouse, TWO.model_id)
    assert (model.status, model.verdict, model.parameter_count) == ("champion", "passed", 1)
    assert model.settings == dict(TWO.settings)
    assert sorted(model.metrics, key=str) == sorted(TWO.metrics, key=str)
    assert model.find_metric("test", "roc_auc").lower_bound == 0.55
    assert model.find_metric("test", "brier_score") is None


# --- the study of segmentations -----------------------------------------------------------------

STUDIED = replace(
    PASSING,
    segments=(StudiedSegment(0.75, 0.9), StudiedSegment(0.25, 0.8)),
    silhouette=0.5,
    passed_rank=1,
    is_best_of_family=True,
)
SECOND = replace(
    STUDIED,
    recipe=Recipe("full", "kmeans", {"segment_count": 3}),
    silhouette=0.4,
    passed_rank=2,
    is_best_of_family=False,
)
REFUSED = replace(
    STUDIED,
    recipe=Recipe("full", "gmm", {"covariance_type": "diag", "component_count": 2}),
    silhouette=0.9,
    refusals=("bins of paid_amount (agreement 0.91, at most 0.50)", "too few"),
    passed_rank=None,
)


def keep_study(warehouse, *candidates, study_id="a"):
    write_study(warehouse, study_id, JUNE, QUICK_STUDY, candidates, 90)


def segmentation(family, verdict, silhouette=0.5):
    return replace(
        MODEL,
        purpose="segmentation",
        family=family,
        settings={"study": {"verdict": verdict, "evidence": "rank 1 of 2"}},
        metrics=[Metric("study", "silhouette", silhouette)],
    )


def test_a_study_replaces_the_former_one(warehouse):
    assert read_study_id(warehouse) is None
    keep_study(warehouse, STUDIED, REFUSED)
    keep_study(warehouse, SECOND, study_id="b")
    assert read_study_id(warehouse) == "b"
    rows = warehouse.execute(
        """
        select candidate_id, family, settings, sample_count, seed_count, segment_count,
            smallest_share, lowest_jaccard, is_passed, verdict, passed_rank, fit_seconds
        from ml.segmentation_candidates
        """
    ).fetchall()
    assert rows == [
        ("full-kmeans-3", "kmeans", '{"segment_count": 3}', 90, 5, 2, 0.25, 0.8, True, "passed", 2,
         0.1)
    ]  # fmt: skip
    segments = warehouse.execute("from ml.segmentation_candidate_segments order by 2").fetchall()
    assert segments == [("full-kmeans-3", 0, 0.75, 0.9), ("full-kmeans-3", 1, 0.25, 0.8)]


def test_a_study_is_written_whole_or_not_at_all(warehouse):
    keep_study(warehouse, STUDIED)
    with pytest.raises(duckdb.ConstraintException, match="noise_share"):
        keep_study(warehouse, replace(SECOND, noise_share=None), study_id="b")
    assert read_study_id(warehouse) == "a"
    assert count_rows(warehouse, "ml.segmentation_candidate_segments") == 2


def test_the_best_recipe_of_a_family_is_read_whether_it_passed_or_not(warehouse):
    keep_study(warehouse, SECOND, REFUSED, STUDIED)
    first = read_best_recipe(warehouse)
    assert (first.candidate_id, first.family) == ("full-kmeans-2", "kmeans")
    assert first.settings == {"segment_count": 2}
    for name, value in (("lowest_jaccard", 0.8), ("candidate_count", 3), ("passed_count", 2)):
        assert Metric("study", name, value) in first.metrics
    assert (first.study_id, first.verdict) == ("a", "passed")
    assert first.evidence.startswith("rank 1 of 2 that keep the rule, of 3 candidates; ")
    assert first.evidence.endswith("next best: full-kmeans-3 (0.4000)")
    mixture = read_best_recipe(warehouse, "gmm")
    assert mixture.settings == {"covariance_type": "diag", "component_count": 2}
    assert mixture.verdict == "bins of paid_amount (agreement 0.91, at most 0.50); too few"
    assert read_best_recipe(warehouse, "ward") is None


def champion_of(warehouse, candidate_id, as_of_date=JUNE):
    """A champion that was fitted by a recipe."""
    model = replace(
        segmentation("kmeans", "passed"),
        as_of_date=as_of_date,
        settings={"candidate_id": candidate_id},
    )
    write_model(warehouse, model)
    write_decisions(warehouse, [Decision(model.model_id, "champion", "")])


def test_the_champions_recipe_stays_unless_another_is_well_ahead(warehouse):
    """Silhouettes of 0.5 and 0.4."""
    keep_study(warehouse, STUDIED, SECOND)
    champion_of(warehouse, "full-kmeans-3")
    assert read_best_recipe(warehouse).candidate_id == "full-kmeans-2"
    kept = read_best_recipe(warehouse, least_gain=0.11)
    assert (kept.candidate_id, kept.verdict) == ("full-kmeans-3", "passed")
    assert kept.evidence.startswith("rank 2 of 2 that keep the rule")
    assert kept.evidence.endswith(
        "; it stays champion, since full-kmeans-2 (0.5000) is less than 0.11 ahead"
    )
    assert read_best_recipe(warehouse, "kmeans", least_gain=0.11) == kept


@pytest.mark.parametrize(
    ("second", "champions_date"),
    [
        (replace(SECOND, passed_rank=None, refusals=("too few",)), JANUARY),
        (SECOND, date(2018, 7, 1)),
    ],
    ids=["it keeps the rule no more", "it is of a later date than the study"],
)
def test_a_champion_that_is_none_any_more_keeps_no_place(warehouse, second, champions_date):
    keep_study(warehouse, STUDIED, second)
    champion_of(warehouse, "full-kmeans-3", champions_date)
    assert read_best_recipe(warehouse, least_gain=9.0).candidate_id == "full-kmeans-2"


def test_a_family_that_is_hardly_better_than_the_champions_is_refused_for_that(warehouse):
    mixture = replace(REFUSED, refusals=(), passed_rank=1)
    keep_study(warehouse, replace(STUDIED, passed_rank=2), mixture)
    assert read_best_recipe(warehouse, least_gain=0.5).family == "gmm"
    champion_of(warehouse, "full-kmeans-2")
    assert read_best_recipe(warehouse, least_gain=0.5).family == "kmeans"
    said = read_best_recipe(warehouse, "gmm", least_gain=0.5).verdict
    assert said == "passed, but less than 0.5 ahead of the champion's recipe full-kmeans-2"
    assert read_best_recipe(warehouse, "gmm", least_gain=0.3).verdict == "passed"


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
    assert [each for each in after if each != 999] == before
    assert after[-1] != 999


def test_the_registry_says_why_the_champion_won_and_what_was_refused(warehouse):
    kmeans = segmentation("kmeans", "passed")
    mixture = segmentation("gmm", "bins of paid_amount; too few", 0.9)
    for model in (kmeans, mixture):
        write_model(warehouse, model)
    decisions = {each.model_id: each for each in decide_statuses(read_candidates(warehouse))}
    winner, other = decisions[kmeans.model_id], decisions[mixture.model_id]
    assert (winner.status, other.status) == ("champion", "challenger")
    assert winner.status_reason.endswith("; rank 1 of 2")
    assert other.status_reason == "refused: bins of paid_amount; too few"


def test_another_study_changes_nothing_about_a_champion(warehouse):
    """Its verdict stands with it, so a study whose fits failed, or one of another date, is mute."""
    kmeans = segmentation("kmeans", "passed")
    write_model(warehouse, kmeans)
    keep_study(warehouse, REFUSED)
    (decision,) = decide_statuses(read_candidates(warehouse))
    assert decision.status == "champion"


def test_what_a_study_says_is_no_part_of_a_models_id(warehouse):
    before, after = segmentation("kmeans", "passed"), segmentation("kmeans", "too few")
    assert before.model_id == after.model_id
    for model in (before, after):
        write_model(warehouse, model)
    (candidate,) = read_candidates(warehouse)
    assert candidate.refusal == "too few"


def test_a_fit_continues_the_same_fit_else_the_champion_else_its_family(warehouse):
    def fitted(family, as_of_date, status, value, feature="paid_amount"):
        model = replace(
            segmentation(family, "passed"),
            as_of_date=as_of_date,
            parameters=[ParameterRow("centroid", value, 3, feature)],
        )
        write_model(warehouse, model)
        write_decisions(warehouse, [Decision(model.model_id, status, "")])

    def former(family, as_of_date):
        found = read_former_models(warehouse, "segmentation", family, as_of_date)
        return [rows[0].value for _, rows in found]

    assert former("kmeans", JUNE) == []
    assert read_next_segment_id(warehouse) == 0
    fitted("gmm", MARCH, "champion", 1.0)
    assert former("kmeans", JANUARY) == []  # what was fitted later is no predecessor
    fitted("kmeans", MARCH, "challenger", 2.0)
    assert former("kmeans", JUNE) == [1.0, 2.0]
    fitted("kmeans", JUNE, "retired", 3.0)
    assert former("kmeans", JUNE) == [3.0]
    assert former("gmm", JUNE) == [1.0, 2.0]
    fitted("kmeans", MARCH, "challenger", 4.0, feature="a_feature_that_is_gone")
    assert former("gmm", JUNE) == [1.0, 2.0]
    assert read_next_segment_id(warehouse) == 4


def test_people_known_early_come_first_and_in_the_same_order_at_each_date(warehouse):
    warehouse.execute(
        """
        insert into features.customer_feature_snapshots values
            ('abe', '2018-03-01', 5, 1.0, 2.0), ('zoe', '2018-03-01', 62, 10.10, null)
        """
    )
    found = read_features_of_known_people_first(
        warehouse, ["recency_days"], MARCH, known_at=JANUARY
    )
    # ann and zoe were known in January; abe and bob came after.
    assert found.values.ravel().tolist() == [60.0, 62.0, 5.0, 7.0]


def test_the_stability_series_is_replaced_whole(warehouse):
    warehouse.execute(
        "alter table features.as_of_dates add column is_stability_date boolean default true"
    )
    assert read_stability_dates(warehouse) == [JANUARY, MARCH, JUNE]
    assert read_stability_dates(warehouse, 2) == [JANUARY, MARCH]  # in June there is one
    row = {
        "feature_set": "full", "family": "kmeans", "segment_count": 2, "frozen_date": JANUARY,
        "as_of_date": MARCH, "customer_count": 2, "agreement": 0.9, "lower_bound": 0.8,
        "upper_bound": 1.0, "total_agreement": 0.7, "same_border_agreement": 0.75,
        "same_border_lower_bound": 0.7, "same_border_upper_bound": 0.8, "reassigned_share": 0.05,
    }  # fmt: skip
    write_stability(warehouse, [row, {**row, "as_of_date": JUNE}])
    write_stability(warehouse, [row])
    assert warehouse.execute("from ml.segment_stability").fetchall() == [tuple(row.values())]
    write_stability(warehouse, [])
    assert count_rows(warehouse, "ml.segment_stability") == 0


def test_decisions_are_written_and_read_back(warehouse):
    models = [replace(MODEL, settings={"seed": seed, **PASSED}) for seed in range(3)]
    for model in models:
        write_model(warehouse, model)
    decisions = decide_statuses(read_candidates(warehouse))
    write_decisions(warehouse, decisions)
    written = warehouse.execute(
        "select model_id, status, status_reason from ml.model_registry"
    ).fetchall()
    assert sorted(written) == sorted(
        (decision.model_id, decision.status, decision.status_reason) for decision in decisions
    )
    assert [(each.model_id, each.status) for each in read_candidates(warehouse)] == [
        (models[2].model_id, "champion")
    ]
    again = decide_statuses(read_candidates(warehouse))
    assert [decision.status for decision in again] == ["champion"]


def test_decisions_are_written_all_or_none(warehouse):
    write_model(warehouse, MODEL)
    decisions = [Decision(MODEL.model_id, "champion", "first"), Decision(MODEL.model_id, None, "")]
    with pytest.raises(duckdb.ConstraintException, match=r"model_registry\.status"):
        write_decisions(warehouse, decisions)
    assert warehouse.execute("select status from ml.model_registry").fetchall() == [("challenger",)]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt])
def test_an_interrupted_transaction_leaves_nothing(warehouse, interruption):
    with pytest.raises(interruption), transaction(warehouse):
        warehouse.execute("delete from features.customer_labels")
        raise interruption
    assert count_rows(warehouse, "features.customer_labels") == 9


def test_a_transaction_that_ends_is_kept(warehouse):
    with transaction(warehouse):
        warehouse.execute("delete from features.customer_labels where label_window_days = 120")
    warehouse.execute("begin transaction")
    warehouse.execute("rollback")
    assert count_rows(warehouse, "features.customer_labels") == 5


def test_a_refit_with_the_same_parameters_has_the_metrics_of_this_time(warehouse):
    model_id = write_model(warehouse, MODEL)
    judged_anew = replace(MODEL, metrics=[Metric("test", "roc_auc", 0.61)], code_version="9.9.9")
    assert write_model(warehouse, judged_anew) == model_id
    assert warehouse.execute(
        "select metric_name, metric_value from ml.model_metrics where model_id = ?", [model_id]
    ).fetchall() == [("roc_auc", 0.61)]
    assert warehouse.execute("select code_version from ml.model_registry").fetchall() == [
        ("9.9.9",)
    ]

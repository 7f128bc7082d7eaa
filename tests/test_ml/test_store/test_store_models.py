"""A model is read as it was written, and a write is whole or not at all."""

import json
from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_models import (
    JANUARY,
    JUDGED,
    JUNE,
    MARCH,
    MODEL,
    MODEL_TABLES,
    count_model_rows,
    model_tables_ddl,
    segmentation,
)

from ml.families.kmeans import fit_kmeans, from_rows, predict_kmeans, to_rows
from ml.features import FeatureMatrix, FeatureRule
from ml.figures import BaselineMetric, CurvePoint, Metric
from ml.parameters import ParameterRow
from ml.registry import Decision, StoredModel
from ml.statements import count_rows
from ml.store.champions import read_candidates, write_decisions
from ml.store.connection import StoreError
from ml.store.models import (
    read_champion_to_judge_again,
    read_former_models,
    read_next_segment_id,
    read_parameters,
    write_model,
)
from ml.store.registry import read_model


def test_a_model_is_written_into_all_three_tables_as_challenger(warehouse):
    model_id = write_model(warehouse, MODEL)
    assert model_id == MODEL.model_id
    assert count_model_rows(warehouse) == [1, 3, 2]
    (row,) = warehouse.execute(
        """
        select model_id, purpose, family, status, as_of_date, row_count, feature_count,
            settings, code_version, verdict, evidence, test_date, label_window_days, scored_by
        from ml.model_registry
        """
    ).fetchall()
    assert row[:7] == (model_id, "churn", "logistic", "challenger", JUNE, 100, 1)
    assert json.loads(row[7]) == {"seed": 1, "training_dates": ["2018-01-01"]}
    assert row[8:] == ("0.1.0", "passed", "", None, None, "sql")
    assert warehouse.execute("select * from ml.model_metrics order by split desc").fetchall() == [
        (model_id, "train", "base_rate", 0.04, None, None, None, None),
        (model_id, "test", "roc_auc", 0.6, 0.55, 0.65, "recency", 0.58),
    ]


def test_parameters_are_read_as_they_were_written(warehouse):
    model_id = write_model(warehouse, MODEL)
    write_model(warehouse, replace(MODEL, settings={"seed": 2}))
    parameters = read_parameters(warehouse, model_id)
    assert sorted(parameters, key=str) == sorted(MODEL.parameters, key=str)


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
        restored = {row.component_id: row.value for row in read_parameters(connection, model_id)}
        written = dict(
            connection.execute("select metric_name, metric_value from ml.model_metrics").fetchall()
        )
    # Hexadecimal texts tell -0.0 from 0.0.
    assert [restored[index].hex() for index in range(len(values))] == [v.hex() for v in values]
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
    newer = replace(MODEL, settings={"seed": 2})
    write_model(warehouse, MODEL)
    write_model(warehouse, newer)
    write_decisions(
        warehouse,
        [
            Decision(MODEL.model_id, "retired", "replaced by the newer"),
            Decision(newer.model_id, "champion", "the best"),
        ],
    )
    assert [candidate.model_id for candidate in read_candidates(warehouse)] == [newer.model_id]

    write_model(warehouse, MODEL)
    assert count_model_rows(warehouse) == [2, 6, 4]
    candidates = read_candidates(warehouse)
    assert [(candidate.model_id, candidate.status) for candidate in candidates] == [
        (newer.model_id, "champion"),
        (MODEL.model_id, "challenger"),
    ]
    reasons = warehouse.execute("select status_reason from ml.model_registry order by 1").fetchall()
    assert reasons == [("fitted again",), ("the best",)]


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


def test_parameters_of_an_unknown_model_are_refused(warehouse):
    write_model(warehouse, MODEL)
    with pytest.raises(StoreError, match=r"no model 'logistic-0'; `select model_id from"):
        read_parameters(warehouse, "logistic-0")


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
        models = read_former_models(warehouse, "segmentation", family, as_of_date)
        return [model.parameters[0].value for model in models]

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


def test_a_refit_has_the_verdict_of_this_time_under_the_same_id(warehouse):
    model_id = write_model(warehouse, JUDGED)
    assert write_model(warehouse, replace(JUDGED, verdict="too few", evidence="of 9")) == model_id
    model = read_model(warehouse, model_id)
    assert (model.verdict, model.evidence, model.is_passed) == ("too few", "of 9", False)
    assert (model.test_date, model.label_window_days) == (MARCH, 180)


@pytest.mark.parametrize(
    ("test_date", "label_window_days", "fitted_dates", "is_judged_again"),
    [
        (JUNE, 90, ["2018-01-01", "2018-03-01"], True),
        (MARCH, 90, ["2018-01-01"], False),  # its own test
        (JUNE, 120, ["2018-01-01"], False),  # other labels
        (JUNE, 90, ["2018-01-01", "2018-03-04"], False),  # its last window ends a day after
    ],
)
def test_the_champion_is_judged_again_by_a_test_that_it_could_not_learn_from(
    warehouse, test_date, label_window_days, fitted_dates, is_judged_again
):
    model = replace(JUDGED, settings={"fitted_dates": fitted_dates}, label_window_days=90)
    model_id = write_model(warehouse, model)
    assert read_champion_to_judge_again(warehouse, "churn", test_date, label_window_days) == []
    write_decisions(warehouse, [Decision(model_id, "champion", "")])
    champions = read_champion_to_judge_again(warehouse, "churn", test_date, label_window_days)
    expected = StoredModel(model_id, "logistic", list(model.parameters))
    assert champions == ([expected] if is_judged_again else [])

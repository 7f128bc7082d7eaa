"""Rows of the registry are read by name, with all that is known of a model."""

from dataclasses import replace

import duckdb
import pytest
from stored_models import JUDGED, MARCH, ONE, TWO, fit_and_choose, segmentation

from ml.store.connection import StoreError
from ml.store.models import read_parameters, write_model
from ml.store.registry import (
    has_registry,
    read_model,
    read_models,
    require_registry_columns,
)


def test_a_warehouse_that_is_only_loaded_has_no_registry(warehouse):
    assert has_registry(warehouse)
    with duckdb.connect() as connection:
        connection.execute("create schema raw; create table raw.model_registry (model_id varchar)")
        assert not has_registry(connection)


def test_models_are_read_with_all_that_is_known_of_them(warehouse):
    kmeans = segmentation("kmeans", "passed")
    fit_and_choose(warehouse, kmeans, ONE, TWO)
    models = read_models(warehouse)
    assert [entry.model_id for entry in models] == [TWO.model_id, ONE.model_id, kmeans.model_id]
    assert [entry.model_id for entry in read_models(warehouse, "segmentation")] == [kmeans.model_id]
    model = read_model(warehouse, TWO.model_id)
    assert (model.status, model.verdict, model.parameter_count) == ("champion", "passed", 1)
    assert model.settings == dict(TWO.settings)
    assert (model.is_passed, model.evidence, model.scored_by) == (True, "", "sql")
    assert (model.test_date, model.label_window_days) == (MARCH, 180)
    assert sorted(model.metrics, key=str) == sorted(TWO.metrics, key=str)
    assert model.find_metric("test", "roc_auc").lower_bound == 0.55
    assert model.find_metric("test", "brier_score") is None


def test_rows_are_read_by_name_whatever_the_order_of_the_columns(warehouse):
    """An older registry got its younger columns last; another order is no other model."""
    model_id = write_model(warehouse, JUDGED)
    before = read_model(warehouse, model_id), read_parameters(warehouse, model_id)
    for table in ("model_registry", "model_metrics", "model_parameters"):
        columns = warehouse.execute(
            "select column_name from duckdb_columns() where schema_name = 'ml' and table_name = ? "
            "order by column_name desc",
            [table],
        ).fetchall()
        names = ", ".join(name for (name,) in columns)
        warehouse.execute(f"create table ml.turned as select {names} from ml.{table}")
        warehouse.execute(f"drop table ml.{table}; alter table ml.turned rename to {table}")
    assert (read_model(warehouse, model_id), read_parameters(warehouse, model_id)) == before
    other = replace(JUDGED, settings={"seed": 5})
    assert read_model(warehouse, write_model(warehouse, other)).test_date == MARCH


def test_a_registry_of_an_earlier_version_is_refused_in_a_sentence(warehouse):
    require_registry_columns(warehouse)
    for name in ("verdict", "scored_by"):
        warehouse.execute(f"alter table ml.model_registry drop column {name}")
    expected = r"earlier version, without verdict, scored_by; run `regulars build` or `dbt run`"
    for read in (require_registry_columns, read_models):
        with pytest.raises(StoreError, match=expected):
            read(warehouse)
    with duckdb.connect() as loaded:
        require_registry_columns(loaded)

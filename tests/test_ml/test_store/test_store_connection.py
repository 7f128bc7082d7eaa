"""What reading and writing have in common: what is missing is named, a transaction is whole."""

import duckdb
import pytest
from stored_models import JANUARY, MODEL

from ml.registry import Decision
from ml.statements import count_rows, transaction
from ml.store.champions import read_candidates, write_decisions
from ml.store.connection import StoreError
from ml.store.features import (
    read_as_of_date,
    read_complete_dates,
    read_feature_rules,
    read_features,
    read_labelled_features,
)
from ml.store.models import read_parameters, write_model

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


def test_writing_leaves_no_helper_behind(warehouse):
    before = warehouse.execute("show all tables").fetchall()
    write_model(warehouse, MODEL)
    assert warehouse.execute("show all tables").fetchall() == before


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

"""Rows that break a test of the sources YAML: refused by file, line and value, or set aside."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from raw_files import CUSTOMERS, ITEMS, ORDERS, PAYMENTS, PRODUCTS, REVIEWS
from spoilt_files import Rows, spoil

from orchestration.errors import InputError
from orchestration.loading.load import load_raw_files

ORDER_COUNT = 300


def rejected(warehouse: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "select line_number, column_name, rejected_value from raw.rejected_rows "
        "where table_name = ? order by 1",
        [table],
    ).fetchall()


FAULTS = [
    (ORDERS, "order_id", "", "a key is missing here"),
    (ORDERS, "order_purchase_timestamp", "", "expected a value, found none"),
    (PAYMENTS, "payment_value", "", "expected a value, found none"),
    (PAYMENTS, "payment_installments", "-1", "-1 is below 0"),
    (ITEMS, "price", "", "expected a value, found none"),
    (ITEMS, "price", "-1.00", "-1.00 is below 0"),
    (ITEMS, "freight_value", "-0.50", "-0.50 is below 0"),
    (ITEMS, "order_item_id", "0", "0 is below 1"),
    (ITEMS, "product_id", "", "a key is missing here"),
    (REVIEWS, "review_score", "6", "6 is above 5"),
    (PRODUCTS, "product_weight_g", "-5", "-5 is below 0"),
]


def test_rows_that_would_break_a_test_of_dbt_are_set_aside_by_file_line_and_column(
    warehouse, folder
):
    for place, (stem, column, value, _) in enumerate(FAULTS):

        def change(
            rows: Rows, place: int = place, column: str = column, value: str = value
        ) -> None:
            rows[place][column] = value

        spoil(folder, stem, change)
    load_raw_files(warehouse, folder, max_rejected_rows=len(FAULTS))
    rejected_rows = warehouse.execute(
        "select file_name, line_number, column_name, reason from raw.rejected_rows"
    ).fetchall()
    for place, (stem, column, _, reason) in enumerate(FAULTS):
        assert (f"{stem}.csv", place + 2, column, reason) in rejected_rows


@pytest.mark.parametrize("fault", [FAULTS[1], FAULTS[5]])
def test_such_a_row_stops_the_load_unless_rows_may_be_set_aside(warehouse, folder, fault):
    stem, column, value, reason = fault

    def change(rows: Rows) -> None:
        rows[6][column] = value

    spoil(folder, stem, change)
    with pytest.raises(InputError) as caught:
        load_raw_files(warehouse, folder)
    assert f"{stem}.csv, line 8, column {column}: {reason}" in str(caught.value)
    assert "--max-rejected-rows 1" in str(caught.value)


def test_a_key_that_stands_there_twice_is_rejected_with_both_lines(warehouse, folder):
    columns = {
        CUSTOMERS: "customer_id",
        ITEMS: "order_item_id",
        ORDERS: "order_id",
        PAYMENTS: "payment_sequential",
        PRODUCTS: "product_id",
        REVIEWS: "order_id",
    }
    lines = {stem: len(spoil(folder, stem, lambda rows: [*rows, rows[3]])) + 1 for stem in columns}
    load_raw_files(warehouse, folder, max_rejected_rows=6)
    rejected_rows = warehouse.execute(
        "select file_name, line_number, column_name, reason from raw.rejected_rows"
    ).fetchall()
    assert {(name, line, column) for name, line, column, _ in rejected_rows} == {
        (f"{stem}.csv", lines[stem], column) for stem, column in columns.items()
    }
    assert all("was there before, first on line 5" in reason for *_, reason in rejected_rows)


def test_a_repeated_row_is_set_aside_and_the_first_one_stays(warehouse, folder):
    def change(rows: Rows) -> Rows:
        return [*rows, rows[3] | {"payment_value": "9999.00"}]

    payments = spoil(folder, PAYMENTS, change)
    load_raw_files(warehouse, folder, max_rejected_rows=1)
    ((line, column, _),) = rejected(warehouse, "order_payments")
    assert (line, column) == (len(payments) + 1, "payment_sequential")
    assert warehouse.execute(
        "select count(*) from raw.order_payments where payment_value = 9999"
    ).fetchall() == [(0,)]

"""Files of another shop are told by their orders, whatever the ids and the clock they are in."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest

from orchestration.errors import InputError
from orchestration.loading.same_shop import keep_former_orders, require_same_shop
from orchestration.loading.tables import RawTable

ORDERS = RawTable(
    "orders",
    "orders",
    {"number": "VARCHAR", "placed": "TIMESTAMP"},
    {"order_key": "number", "ordered_at": "placed"},
)
ITEMS = RawTable("items", "items", {"number": "VARCHAR"}, {"order_key": "number"})
START = datetime(2024, 1, 1)


def orders(count: int, *, step: timedelta = timedelta(hours=7, seconds=11), name: str = "{}"):
    """Ids and moments of so many orders."""
    return [(name.format(number), START + number * step) for number in range(count)]


BEFORE = orders(200)
DAYS = orders(200, step=timedelta(days=1))


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.items (number varchar)")
        yield connection


def load(connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, datetime]]) -> None:
    table = keep_former_orders(connection, (ITEMS, ORDERS))
    connection.execute("create or replace table raw.orders (number varchar, placed timestamp)")
    connection.executemany("insert into raw.orders values (?, ?)", rows)
    require_same_shop(connection, table)


@pytest.mark.parametrize(
    "after",
    [
        orders(230),
        BEFORE[150:] + orders(40, name="new {}"),  # an export of the last year only
        [(f"#{number}", moment) for number, moment in BEFORE],  # the id is another column
        [(number, moment + timedelta(hours=5, minutes=30)) for number, moment in BEFORE],
    ],
)
def test_files_of_the_same_shop_are_taken(connection, after):
    load(connection, BEFORE)
    load(connection, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BEFORE, orders(300, step=timedelta(hours=3, seconds=5), name="b{}")),
        (BEFORE, [(number, moment + timedelta(days=400)) for number, moment in BEFORE]),
        (DAYS, orders(250, step=timedelta(days=1), name="b{}")),  # days alone are in any shop
    ],
)
def test_files_of_another_shop_are_refused(connection, before, after):
    load(connection, before)
    with pytest.raises(
        InputError, match=r"another shop .* of the 200 orders .* REGULARS_WAREHOUSE"
    ):
        load(connection, after)


def test_the_first_load_and_one_after_a_handful_of_orders_are_taken(connection):
    load(connection, BEFORE[:19])
    load(connection, orders(30, name="other {}", step=timedelta(minutes=13)))


def test_a_table_whose_columns_were_other_ones_says_nothing(connection):
    connection.execute("create table raw.orders as select 1 as id")
    load(connection, BEFORE)

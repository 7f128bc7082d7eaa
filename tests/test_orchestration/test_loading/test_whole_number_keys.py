"""A source may have whole numbers as keys: they are looked at like those that are text."""

import duckdb
import pytest

from orchestration.loading.files import RawFile
from orchestration.loading.odd_keys import find_dominant_keys, find_half_matching_keys
from orchestration.loading.odd_people import find_odd_people
from orchestration.loading.row_tests import RowTest
from orchestration.loading.tables import RawTable

ORDERS = RawTable(
    "orders", "orders", {"order_id": "BIGINT", "user_id": "BIGINT", "shop_id": "INTEGER"},
    {"order_key": "order_id", "person_key": "user_id"},
    row_tests=(
        RowTest("unique", ("order_id",)),
        RowTest("relationships", ("shop_id",), parent=("shops", "shop_id")),
    ),
)  # fmt: skip
SHOPS = RawTable("shops", "shops", {"shop_id": "INTEGER"}, {})


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        opened.execute("create schema raw")
        opened.execute(
            """
            create table raw.orders as select range as order_id,
                if(range < 100, 7, 1000 + range) as user_id, 1 + range % 3 as shop_id
            from range(1000)
            """
        )
        opened.execute("create table raw.shops as select unnest([1, 2]) as shop_id")
        yield opened


@pytest.fixture
def files(tmp_path):
    raw_files = []
    for table in (ORDERS, SHOPS):
        path = tmp_path / f"{table.name}.csv"
        path.touch()
        raw_files.append(RawFile(table, path, ".csv", "csv"))
    return raw_files


def test_a_key_that_holds_a_tenth_of_the_orders_is_found(connection, files):
    (finding,) = find_dominant_keys(connection, files)
    assert (finding.found_value, finding.affected_count) == (7, 100)


def test_a_code_that_the_other_file_lacks_is_found(connection, files):
    (finding,) = find_half_matching_keys(connection, files)
    assert (finding.code, finding.found_value, finding.affected_count) == ("unmatched_keys", "3", 1)


def test_keys_that_a_spreadsheet_has_rounded_are_found(connection, files):
    assert list(find_odd_people(connection, files)) == []
    connection.execute("update raw.orders set user_id = 1000000000000000000 + user_id * 10000")
    (finding,) = find_odd_people(connection, files)
    assert (finding.code, finding.affected_count) == ("rounded_keys", 901)

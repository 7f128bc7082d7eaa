"""The load holds numbers to the ranges of the sources YAML."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.loading.files import RawFile
from orchestration.loading.row_tests import broken_rows
from orchestration.loading.tables import RawTable, RowTest

LINES = RawTable("lines", "lines", {"price": "DOUBLE"}, {})


@pytest.mark.parametrize(
    ("is_inclusive", "expected"),
    [
        (True, ["-1.0 is below 0", "9.0 is above 5"]),
        (False, ["-1.0 is not above 0", "0.0 is not above 0", "5.0 is not below 5",
                 "9.0 is not below 5"]),
    ],
)  # fmt: skip
def test_a_bound_is_within_the_range_unless_the_yaml_says_otherwise(
    tmp_path, is_inclusive, expected
):
    test = RowTest(
        "accepted_range", ("price",), min_value=0, max_value=5, is_inclusive=is_inclusive
    )
    path = tmp_path / "lines.csv"
    path.touch()
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.lines as select unnest([-1.0, 0.0, 2.5, 5.0, 9.0, null]) as price"
        )
        rows = broken_rows(connection, RawFile(LINES, path, ".csv", "csv"), test)
    assert [reason for _, _, reason in rows] == expected

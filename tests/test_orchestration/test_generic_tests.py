"""Generic tests say of a table what those of the same names in dbt_utils say, or more."""

from __future__ import annotations

import re

import duckdb
import jinja2
import pytest
from shops import PROJECT_DIR

ROWS = "(values (1, 'a', 0.0), (1, 'b', 1.0), (2, 'b', null)) as t(n, name, share)"


def failing_rows(test: str, **arguments: object) -> int:
    """Rows that a generic test finds in three rows."""
    path = PROJECT_DIR / "tests" / "sql" / "generic" / f"{test}.sql"
    body = re.sub(r"\{% (end)?test\b.*?%\}", "", path.read_text(encoding="utf-8"))
    defaults = {"min_value": None, "max_value": None, "inclusive": True, "column_name": None}
    query = jinja2.Template(body).render(
        {"none": None, "true": True, "model": ROWS, **defaults, **arguments}
    )
    return len(duckdb.sql(query).fetchall())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"min_value": 0, "max_value": 1}, 0),
        ({"min_value": 0, "inclusive": False}, 1),
        ({"max_value": 1, "inclusive": False}, 1),
        ({"min_value": 0, "max_value": 1, "inclusive": False}, 2),
        ({"min_value": 0.5}, 1),
        ({"max_value": -1}, 2),
        ({}, 0),
    ],
)
def test_a_number_is_out_of_range_beyond_a_bound_or_on_one_that_is_not_included(
    arguments, expected
):
    assert failing_rows("accepted_range", column_name="share", **arguments) == expected


@pytest.mark.parametrize(
    ("columns", "expected"), [(["n"], 1), (["name"], 1), (["n", "name"], 0), (["n", "share"], 0)]
)
def test_a_combination_of_columns_that_is_there_twice_is_found_once(columns, expected):
    rows = failing_rows("unique_combination_of_columns", combination_of_columns=columns)
    assert rows == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"expression": "n >= 1"}, 0),
        ({"expression": "n = 1 or name = 'c'"}, 1),
        ({"expression": "share >= 0"}, 1),  # a null is not true
        ({"column_name": "n", "expression": "> 1"}, 2),
    ],
)
def test_an_expression_must_be_true_in_every_row(arguments, expected):
    assert failing_rows("expression_is_true", **arguments) == expected

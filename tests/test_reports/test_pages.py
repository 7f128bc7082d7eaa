"""What the SQL of the pages may do: read one mart, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from reports.build import Page, find_pages, read_page

PAGES = [read_page(path) for path in find_pages()]
BLOCKS = [(page, name) for page in PAGES for name in page.queries]
MARTS = ("marts", "marts_ml")
# Clauses of a select that choose rows by more than a condition, or make rows of others.
CLAUSES = ("group_expressions", "group_sets", "having", "qualify", "sample")
MODIFIERS = ("ORDER_MODIFIER", "LIMIT_MODIFIER")
# What a condition or an order may be made of. DuckDB's parser calls an operator a function.
CONDITIONS = ("COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN")
LIKE = ("~~", "!~~", "not")


def syntax_of(query: str) -> dict[str, Any]:
    """The syntax tree of a query, by DuckDB's own parser."""
    row = duckdb.execute("select json_serialize_sql(?)", [query]).fetchone()
    assert row is not None
    return json.loads(row[0])


def all_nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every expression of a tree."""
    if isinstance(tree, list):
        for branch in tree:
            yield from all_nodes(branch)
    elif isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for branch in tree.values():
            yield from all_nodes(branch)


def faults_of(query: str) -> list[str]:
    """Why a query is more than a plain select from one mart."""
    tree = syntax_of(query)
    if tree["error"]:
        return [tree["error_message"]]
    if len(tree["statements"]) != 1:
        return ["more than one statement"]
    node = tree["statements"][0]["node"]
    if node["type"] != "SELECT_NODE":
        return [f"a {node['type']}"]
    faults = [f"a clause {clause}" for clause in CLAUSES if node.get(clause)]
    if node["cte_map"]["map"]:
        faults.append("a with clause")
    table = node["from_table"]
    if table["type"] != "BASE_TABLE":
        faults.append(f"from a {table['type']}")
    elif table["schema_name"] not in MARTS:
        faults.append(f"from schema {table['schema_name'] or 'none'}")
    for column in node["select_list"]:
        if column["class"] not in ("COLUMN_REF", "STAR"):
            faults.append(f"column {column['alias'] or '?'} is a {column['class']}")
    modifiers = [one for one in node["modifiers"] if one["type"] in MODIFIERS]
    if len(modifiers) != len(node["modifiers"]):
        faults.append("a distinct")
    for part in all_nodes([node["where_clause"], modifiers]):
        is_like = part["class"] == "FUNCTION" and part["function_name"] in LIKE
        if part["class"] not in CONDITIONS and not is_like:
            faults.append(f"a condition or order by a {part['class']}")
    return faults


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{p.path.stem}-{b}" for p, b in BLOCKS])
def test_each_sql_block_is_a_plain_select_from_one_mart(page: Page, block: str) -> None:
    assert faults_of(page.queries[block]) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("select count(*) as n from marts.orders_daily", "column n is a FUNCTION"),
        ("select a + 1 as b from marts.orders_daily", "column b is a FUNCTION"),
        ("select 1 as b from marts.orders_daily", "column b is a CONSTANT"),
        ("select case when a then b end as c from marts.t", "column c is a CASE"),
        ("select cast(a as date) as b from marts.t", "column b is a CAST"),
        ("select max(a) over () as b from marts.t", "column b is a WINDOW"),
        ("select a from marts.t where a = (select max(a) from marts.t)", "SUBQUERY"),
        ("select a from marts.t where a > b * 2", "a condition or order by a FUNCTION"),
        ("select a from marts.t order by a + b", "a condition or order by a FUNCTION"),
        ("select distinct a from marts.t", "a distinct"),
        ("select a from marts.t group by a", "a clause group"),
        ("select a from marts.t qualify row_number() over () = 1", "a clause qualify"),
        ("select a from marts.t inner join marts.s on t.a = s.a", "from a JOIN"),
        ("select a from marts.t, marts.s", "from a JOIN"),
        ("select a from (select a from marts.t)", "from a SUBQUERY"),
        ("with t as (select a from marts.t) select a from t", "a with clause"),
        ("select a from marts.t union all select a from marts.s", "a SET_OPERATION_NODE"),
        ("select a from raw.test_log", "from schema raw"),
        ("select a from duckdb_tables()", "from a TABLE_FUNCTION"),
        ("select a from", "syntax error"),
    ],
)
def test_a_block_that_computes_is_refused(query: str, fault: str) -> None:
    assert fault in "; ".join(faults_of(query))


@pytest.mark.parametrize(
    "query",
    [
        "select * from marts.build_info",
        "select a, b as c from marts_ml.t where a in (1, 2) and b is not null and not d",
        "select a from marts.t where a like 'time_%' or a not like 'x%'",
        "select a from marts.t order by a = 'b', c desc nulls last limit 3",
        "select a from marts.t where a between 1 and 2 and b <> 'c'",
    ],
)
def test_a_plain_select_is_let_through(query: str) -> None:
    assert faults_of(query) == []

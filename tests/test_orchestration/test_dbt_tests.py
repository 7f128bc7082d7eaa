"""dbt's data tests in batches: they find and log what a bare `dbt test` finds and logs."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest
from shops import Shop

from orchestration.assets.warehouse import DBT
from orchestration.compiled_tests import KEPT_NAME, CompiledTests
from orchestration.dbt_runs import remove_leftovers
from orchestration.dbt_tests import DataTest, find_due_tests, log_results, run_tests

AS_OF = date(2018, 8, 30)
LOG_COLUMNS = (
    "test_id varchar, test_name varchar, test_kind varchar, model_name varchar, "
    "column_name varchar, status varchar, failure_count integer, message varchar, "
    "tested_at timestamp, content_digest varchar"
)


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        opened.execute(
            "create table orders as select * from (values (1, 5), (2, null)) as t(id, x)"
        )
        opened.execute("create schema raw")
        opened.execute(f"create table raw.test_log ({LOG_COLUMNS})")
        yield opened


def a_test(name: str, sql: str, **more: object) -> DataTest:
    values: dict[str, object] = {
        "kind": "singular",
        "model_name": "orders",
        "column_name": None,
        "file": f"tests/{name}.sql",
        "tables": {"model.shop.orders": ("main", "orders")},
        **more,
    }
    return DataTest(test_id=f"test.shop.{name}", name=name, sql=sql, **values)  # type: ignore[arg-type]


def test_counts_are_judged_as_the_configuration_says(connection):
    tests = [
        a_test("passes", "select * from orders where id > 2"),
        a_test("fails", "select * from orders where x is null"),
        a_test("warns", "select * from orders", is_error=False),
        a_test("warns_of_few", "select * from orders", warn_if="> 1", error_if="> 2"),
        a_test("sums", "select 7 as n", fail_calc="sum(n)", error_if="> 7", warn_if="> 8"),
        a_test("stops", "with all_orders as (select * from orders) select * from all_orders",
               limit=1),
    ]  # fmt: skip
    results = {result.test.name: result for result in run_tests(connection, tests)}
    assert {name: (result.status, result.failure_count) for name, result in results.items()} == {
        "passes": ("pass", 0),
        "fails": ("fail", 1),
        "warns": ("warn", 2),
        "warns_of_few": ("warn", 2),
        "sums": ("pass", 7),
        "stops": ("fail", 1),
    }
    assert results["fails"].message == "Got 1 result, configured to fail if != 0"
    assert results["warns"].message == "Got 2 results, configured to warn if != 0"


def test_one_that_cannot_be_run_leaves_the_others_of_its_table_their_results(connection):
    tests = [
        a_test("asks_for_nothing_there", "select no_such_column from orders"),
        a_test("passes", "select * from orders where id > 2"),
        a_test("was_not_compiled", "", error="no macro named nowhere"),
    ]
    results = {result.test.name: result for result in run_tests(connection, tests)}
    assert results["passes"].status == "pass"
    broken = results["asks_for_nothing_there"]
    assert (broken.status, broken.failure_count) == ("error", None)
    assert "no_such_column" in broken.description
    assert "no macro named nowhere" in results["was_not_compiled"].description


def test_the_log_keeps_the_last_result_of_each_and_leaves_those_of_others(connection):
    log_results(
        connection, run_tests(connection, [a_test("a", "select 1"), a_test("b", "")]), AS_OF
    )
    log_results(connection, run_tests(connection, [a_test("a", "select 1 where false")]), AS_OF)
    rows = connection.execute("select test_name, status from raw.test_log order by all").fetchall()
    assert rows == [("a", "pass"), ("b", "error")]


def test_a_build_logs_what_a_bare_dbt_test_logs(demo: Shop, tmp_path: Path):
    """All of it but the time, digests of what was looked at included."""
    shop = demo.copy_to(tmp_path)
    columns = "* exclude (tested_at)"
    with shop.open(read_only=False) as connection:
        connection.execute("create table raw.of_the_build as select * from raw.test_log")
        connection.execute("delete from raw.test_log")
    shop.run("dbt", "test", "--exclude-resource-type", "unit_test")
    ((count, different),) = shop.rows(
        f"""
        select
            (select count(*) from raw.test_log),
            (select count(*) from (
                (select {columns} from raw.of_the_build
                    except all select {columns} from raw.test_log)
                union all
                (select {columns} from raw.test_log
                    except all select {columns} from raw.of_the_build)
            ))
        """
    )
    assert count > 600
    assert different == 0


def test_a_test_is_due_once_all_that_it_looks_at_is_there():
    manifest = {
        "parent_map": {
            "model.orders": ["source.orders"],
            "model.rfm": ["model.orders"],
            "model.churn": ["model.orders", "source.models"],
        },
        "nodes": {
            f"test.{name}": {"resource_type": "test", "depends_on": {"nodes": parents}}
            for name, parents in {
                "raw": ["source.orders"],
                "orders": ["model.orders"],
                "rfm": ["model.rfm", "model.orders"],
                "both": ["model.rfm", "model.churn"],
                "models": ["source.models"],
            }.items()
        },
    }

    def due(*built: str, is_eager: bool = False) -> list[str]:
        ids = [f"model.{name}" for name in built]
        return [id_.removeprefix("test.") for id_ in
                find_due_tests(manifest, ids, is_eager=is_eager)]  # fmt: skip

    assert due("orders", "rfm") == ["raw", "orders", "rfm"]
    assert due("churn") == ["models"]
    assert due("churn", is_eager=True) == ["both", "models"]
    assert due("orders", "rfm", "churn") == ["raw", "orders", "rfm", "both", "models"]


def test_a_kept_statement_holds_as_long_as_nothing_it_is_made_of_changes(tmp_path, monkeypatch):
    """A macro, the test's own text or settings, a table's place, a variable of the environment."""
    text = "{% macro test_positive(x) %}{{ x }}{% endmacro %}"
    macro = {"name": "test_positive", "macro_sql": text}
    asking = {"name": "today", "macro_sql": "{% macro today() %}{{ run_query('x') }}{% endmacro %}"}
    day = {"name": "day", "macro_sql": "{% macro day() %}{{ env_var('A_DAY', '') }}{% endmacro %}"}

    def node(raw_code: str, **config: object) -> dict[str, object]:
        return {
            "resource_type": "test",
            "raw_code": raw_code,
            "config": config,
            "depends_on": {"nodes": ["model.orders"]},
        }

    def manifest(**more: object) -> dict[str, object]:
        return {
            "macros": {"a": macro, "b": asking, "c": day},
            "sources": {},
            "nodes": {
                "model.orders": {"resource_type": "model", "relation_name": "marts.orders"},
                "test.pure": node("select {{ test_positive(day()) }}"),
                "test.asking": node("select {{ today() }}"),
                **more,
            },
        }

    def kept(of: dict[str, object], version: str = "1.11.0") -> set[str]:
        return set(CompiledTests(of, tmp_path, version).read(["test.pure", "test.asking"]))

    monkeypatch.setenv("A_DAY", "2018-08-30")
    first = CompiledTests(manifest(), tmp_path, "1.11.0")
    assert first.read(["test.pure"]) == {}
    first.keep({"test.pure": "select 1", "test.asking": "select 2"})
    assert kept(manifest()) == {"test.pure"}
    assert kept(manifest(), version="1.11.1") == set()
    assert kept(manifest(**{"test.pure": node("select {{ test_positive(day() ~ 2) }}")})) == set()
    assert (
        kept(manifest(**{"test.pure": node("select {{ test_positive(day()) }}", limit=3)})) == set()
    )
    moved = {"model.orders": {"resource_type": "model", "relation_name": "marts_ml.orders"}}
    assert kept(manifest(**moved)) == set()
    part = {"model.orders": {"resource_type": "model", "config": {"materialized": "ephemeral"}}}
    of_a_part = CompiledTests(manifest(**part), tmp_path, "1.11.0")
    assert of_a_part.is_compiled_each_time("test.pure")
    changed = manifest()
    changed["macros"] = {"c": day, "a": {**macro, "macro_sql": text.replace("x }}", "-x }}")}}
    assert kept(changed) == set()
    monkeypatch.setenv("A_DAY", "2018-03-01")
    assert kept(manifest()) == set()
    (tmp_path / KEPT_NAME).write_text("half a fi")
    assert kept(manifest()) == set()


def test_what_asks_the_warehouse_or_the_time_is_compiled_each_time():
    """By the words of the project's own macros: half of the tests could not be kept otherwise."""
    compiled = CompiledTests(DBT.manifest, Path("nowhere"), "1.11.0")
    asks = {
        node["name"]
        for id_, node in DBT.manifest["nodes"].items()
        if node["resource_type"] == "test" and compiled.is_compiled_each_time(id_)
    }
    assert "a_feature_that_the_source_cannot_supply_is_empty_everywhere" in asks
    assert "orders_daily_has_no_gap" in asks  # as of a date that the loaded shop may say
    assert "unique_customer_rfm_customer_id" not in asks


def test_what_killed_commands_left_goes_once_nobody_can_be_at_work_there(tmp_path):
    old, young, other = (tmp_path / name for name in ("run-old", "run-young", "kept"))
    for folder in (old, young, other):
        folder.mkdir()
    a_week_ago = time.time() - 7 * 86_400
    for folder in (old, other):
        os.utime(folder, (a_week_ago, a_week_ago))
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "run-young"]

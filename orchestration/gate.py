"""The publish gate: nothing reaches readers while a test that guards it fails.

A guarding test is every dbt test of severity error on a canonical, features, scoring or mart table
or on their sources. Its last result counts only if the tables that it looked at still hold what
they held then, for the as-of date of the marts, and if the dbt project has not changed since;
otherwise it is run again, as is a test that ended in an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.content_digests import digest_of_test, read_digests
from orchestration.dbt_tests import tables_of
from orchestration.errors import PublishError
from orchestration.marts import MART_SCHEMAS, Mart
from orchestration.warehouse_file import open_warehouse

GUARDED_SCHEMAS = {"canonical", "features", "scoring", *MART_SCHEMAS}
PASSED = {"pass", "warn"}
# Names that a refusal lists; the rest is counted.
MAX_NAMES = 8

# Runs tests by their ids, as of a date; returns what dbt says if it could not.
RunTests = Callable[[Sequence[str], date], str]


@dataclass(frozen=True)
class GuardingTest:
    """A dbt test that guards publication.

    Attributes:
        test_id: as dbt and ``raw.test_log`` call it.
        name: a true sentence.
        tables: the tables that it looks at, by their ids in the project: (schema, table).
    """

    test_id: str
    name: str
    tables: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Gate:
    """What the gate saw.

    Attributes:
        test_count: guarding tests, all of which passed.
        rerun_count: those among them that had to be run, since their tables had changed.
    """

    test_count: int
    rerun_count: int


def find_guarding_tests(manifest: Mapping[str, Any]) -> list[GuardingTest]:
    """The guarding tests of a dbt project.

    Args:
        manifest: dbt's ``manifest.json``.
    """
    guarding = []
    for id_, node in manifest["nodes"].items():
        if node["resource_type"] != "test" or node["config"]["severity"].lower() != "error":
            continue
        tables = tables_of(manifest, node["depends_on"]["nodes"])
        if any(
            table_id.startswith("source.") or schema in GUARDED_SCHEMAS
            for table_id, (schema, _) in tables.items()
        ):
            guarding.append(GuardingTest(id_, node["name"], tables))
    return guarding


def require_publishable(
    warehouse_path: Path,
    tests: Sequence[GuardingTest],
    run_tests: RunTests,
    *,
    marts: Collection[Mart],
    changed_at: datetime,
) -> Gate:
    """Refuse while a guarding test fails or errs, or the marts are not of one date.

    Args:
        warehouse_path: the warehouse.
        tests: the guarding tests.
        run_tests: runs tests, given their ids, as of a date, and logs their results.
        marts: the marts of the dbt project, by schema and name.
        changed_at: when the dbt project's files were changed last, in UTC.

    Raises:
        PublishError: there are no marts, or which tests fail, or which marts are of another date.
        WarehouseError: the warehouse is not there, not DuckDB, or stays locked.
    """
    with open_warehouse(warehouse_path, read_only=True) as connection:
        as_of_date = _read_as_of_date(connection)
        _require_one_date(connection, as_of_date, marts)
        due = _find_due(connection, tests, as_of_date, changed_at)
    refusal = run_tests([test.test_id for test in due], as_of_date) if due else ""
    with open_warehouse(warehouse_path, read_only=True) as connection:
        not_run = _find_due(connection, due, as_of_date, changed_at)
        results = _read_results(connection)
    if not_run:
        raise PublishError(
            f"{len(not_run)} of {len(tests)} tests that guard the marts could not be run "
            f"({_list_names([test.name for test in not_run])}): "
            f"{refusal or 'dbt logged no result of theirs'}"
        )
    passed = {id_ for id_, result in results.items() if result.status in PASSED}
    failing = [test for test in tests if test.test_id not in passed]
    if failing:
        raise PublishError(
            f"{len(failing)} of {len(tests)} tests that guard the marts "
            f"{'does' if len(failing) == 1 else 'do'} not pass: "
            f"{_list_names([test.name for test in failing])}. "
            "Mend the cause, then run `regulars build` (raw.test_log says what each test found)"
        )
    return Gate(len(tests), len(due))


def _read_as_of_date(connection: duckdb.DuckDBPyConnection) -> date:
    try:
        ((as_of_date,),) = connection.execute("select as_of_date from marts.build_info").fetchall()
    except duckdb.CatalogException as error:
        raise PublishError(
            "there are no marts to publish or to report on; run `regulars build` first"
        ) from error
    assert isinstance(as_of_date, date)
    return as_of_date


def _require_one_date(
    connection: duckdb.DuckDBPyConnection, as_of_date: date, marts: Collection[Mart]
) -> None:
    """Every mart was built last with the date that the marts say they are of."""
    try:
        rows = connection.execute(
            "select as_of_date, schema_name, model_name from raw.model_log order by all"
        ).fetchall()
    except duckdb.CatalogException:
        return  # built by an earlier version; the tests compare the dates in the marts
    names_by_date: defaultdict[date, list[str]] = defaultdict(list)
    for day, schema, name in rows:
        if (schema, name) in marts:
            names_by_date[day].append(name)
    same = names_by_date.pop(as_of_date, [])
    if not names_by_date:
        return
    other_dates = "; ".join(
        f"{_list_names(names)} {'is' if len(names) == 1 else 'are'} as of {day}"
        for day, names in names_by_date.items()
    )
    raise PublishError(
        f"the marts are not all as of one date: {other_dates}; marts.build_info and "
        f"{max(len(same) - 1, 0)} others are as of {as_of_date}. Build them again "
        "with one date: `regulars build --as-of ...`"
    )


def _find_due(
    connection: duckdb.DuckDBPyConnection,
    tests: Sequence[GuardingTest],
    as_of_date: date,
    changed_at: datetime,
) -> list[GuardingTest]:
    """Tests without a result, with one that no longer counts, or that ended in an error."""
    tables = {table for test in tests for table in test.tables.values()}
    digests = read_digests(connection, tables)
    results = _read_results(connection)
    due = []
    for test in tests:
        result = results.get(test.test_id)
        if (
            result is None
            or not digests.keys() >= set(test.tables.values())
            or result.status == "error"
            or result.tested_at < changed_at.replace(tzinfo=None)
            or result.content_digest != digest_of_test(as_of_date, test.tables, digests)
        ):
            due.append(test)
    return due


@dataclass(frozen=True)
class _Result:
    status: str
    content_digest: str | None
    tested_at: datetime


def _read_results(connection: duckdb.DuckDBPyConnection) -> dict[str, _Result]:
    """The last result of each test."""
    columns = connection.execute(
        "select column_name from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'raw' and table_name = 'test_log'"
    ).fetchall()
    if ("content_digest",) not in columns:
        return {}  # no log, or one of an earlier version
    rows = connection.execute(
        "select test_id, status, content_digest, tested_at from raw.test_log"
    ).fetchall()
    return {test_id: _Result(*rest) for test_id, *rest in rows}


def _list_names(names: Sequence[str]) -> str:
    left_out = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {left_out} more" if left_out > 0 else "")

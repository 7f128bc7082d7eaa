"""dbt's data tests, those of a table in one statement, and the log of what they found.

What a test asks is what dbt compiled; how its answer counts (``fail_calc``, ``warn_if``,
``error_if``, ``severity``) is what its YAML says. A bare `dbt test` runs them one by one, and logs
the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from orchestration.content_digests import Table, digest_of_test, read_digests

# Its tables are about runs, and change with each.
LOG_SOURCE = "logs"
# Tests of one statement at most; a table has some ten.
MAX_BATCH_SIZE = 40
MAX_MESSAGE_LENGTH = 2_000


@dataclass(frozen=True)
class DataTest:
    """A data test, compiled.

    Attributes:
        test_id: as dbt and ``raw.test_log`` call it.
        name: of a singular test a true sentence.
        kind: ``data`` for a generic test, ``singular`` for a file of its own.
        model_name: the table it stands on, if it is one.
        column_name: of a generic test of one column.
        file: where it is written.
        tables: all that it looks at, by their ids in the project: schema and name.
        sql: selects the rows that should not be there.
        fail_calc: counts them.
        limit: of rows that are counted, if any.
        warn_if: condition on the count, as ``!= 0``.
        error_if: the same.
        is_error: whether it fails a build; else it warns.
        error: why dbt could not compile it, if it could not.
    """

    test_id: str
    name: str
    kind: str
    model_name: str | None
    column_name: str | None
    file: str
    tables: Mapping[str, Table]
    sql: str
    fail_calc: str = "count(*)"
    limit: int | None = None
    warn_if: str = "!= 0"
    error_if: str = "!= 0"
    is_error: bool = True
    error: str = ""


@dataclass(frozen=True)
class TestResult:
    """What a test found.

    Attributes:
        test: the test.
        status: ``pass``, ``warn``, ``fail`` or ``error``.
        failure_count: rows that should not be there; none where it could not be run.
        message: what dbt says of it.
    """

    test: DataTest
    status: str
    failure_count: int | None
    message: str | None

    @property
    def description(self) -> str:
        """What is wrong, as dbt says it."""
        where = f"test {self.test.name} ({self.test.file})"
        if self.status == "error":
            return f"Runtime Error in {where}\n  {self.message}"
        return f"{'Warning' if self.status == 'warn' else 'Failure'} in {where}\n  {self.message}"


def tables_of(manifest: Mapping[str, Any], ids: Collection[str]) -> dict[str, Table]:
    """Schema and name of the tables among some nodes, by id; logs are left out.

    Args:
        manifest: dbt's ``manifest.json``.
        ids: of models, seeds and sources.
    """
    nodes = {id_: manifest["nodes"].get(id_) or manifest["sources"].get(id_) for id_ in ids}
    return {
        id_: (node["schema"], node.get("identifier") or node["alias"])
        for id_, node in nodes.items()
        if node is not None and node.get("schema") and node.get("source_name") != LOG_SOURCE
    }


def test_of_node(
    manifest: Mapping[str, Any], test_id: str, sql: str | None, *, error: str | None = None
) -> DataTest:
    """A data test of the project, with its statement.

    Args:
        manifest: dbt's ``manifest.json``.
        test_id: as dbt calls it.
        sql: what dbt compiled; none where it could not.
        error: then why.
    """
    node = manifest["nodes"][test_id]
    kind = "data" if node.get("test_metadata") else "singular"
    parents = node["depends_on"]["nodes"]
    parent = node.get("attached_node")
    if parent is None and parents and (len(parents) == 1 or kind == "data"):
        parent = parents[0]
    config = node["config"]
    return DataTest(
        test_id=test_id,
        name=node["name"],
        kind=kind,
        model_name=parent.rpartition(".")[2] if parent else None,
        column_name=node.get("column_name") if kind == "data" else None,
        file=node["original_file_path"],
        tables=tables_of(manifest, parents),
        sql=sql or "",
        fail_calc=config["fail_calc"],
        limit=config["limit"],
        warn_if=config["warn_if"],
        error_if=config["error_if"],
        is_error=config["severity"].lower() == "error",
        error="" if sql is not None else error or "dbt did not compile it",
    )


def find_due_tests(
    manifest: Mapping[str, Any], built: Collection[str], *, is_eager: bool
) -> list[str]:
    """The data tests that a build of some tables runs.

    A test looks at one of them or at a raw table that one reads, and at nothing else but what they
    are made of.

    Args:
        manifest: dbt's ``manifest.json``.
        built: ids of the models and seeds that were built.
        is_eager: all other tables are there, too, so that a test may look at any.
    """
    parents_of: Mapping[str, Sequence[str]] = manifest["parent_map"]
    there, waiting = set(built), list(built)
    while waiting:
        above = [id_ for id_ in parents_of.get(waiting.pop(), ()) if id_ not in there]
        there.update(above)
        waiting += above
    read = {id_ for node_id in built for id_ in parents_of.get(node_id, ())}
    looked_at = {id_ for id_ in read if id_.startswith("source.")}.union(built)
    return [
        id_
        for id_, node in manifest["nodes"].items()
        if node["resource_type"] == "test"
        and not looked_at.isdisjoint(node["depends_on"]["nodes"])
        and (is_eager or there.issuperset(node["depends_on"]["nodes"]))
    ]


def run_tests(
    connection: duckdb.DuckDBPyConnection,
    tests: Sequence[DataTest],
    *,
    advance: Callable[[str], None] = lambda _: None,
) -> list[TestResult]:
    """Run tests, those of the same tables in one statement.

    A statement that cannot be run is taken apart, so that the others of its table have a result.

    Args:
        connection: to the warehouse.
        tests: compiled.
        advance: is told the name of each that is done.
    """
    batches: defaultdict[tuple[str, ...], list[DataTest]] = defaultdict(list)
    for test in tests:
        batches[tuple(sorted(test.tables))].append(test)
    results = []
    for batch in batches.values():
        for start in range(0, len(batch), MAX_BATCH_SIZE):
            for result in _run_batch(connection, batch[start : start + MAX_BATCH_SIZE]):
                results.append(result)
                advance(result.test.name)
    return results


def _run_batch(
    connection: duckdb.DuckDBPyConnection, tests: Sequence[DataTest]
) -> list[TestResult]:
    broken = [TestResult(test, "error", None, test.error) for test in tests if test.error]
    sound = [test for test in tests if not test.error]
    if not sound:
        return broken
    statement = "\nunion all\n".join(_select(index, test) for index, test in enumerate(sound))
    try:
        rows = connection.execute(statement).fetchall()
    except duckdb.Error as error:
        if len(sound) > 1:
            apart = [result for test in sound for result in _run_batch(connection, [test])]
            return broken + apart
        return [*broken, TestResult(sound[0], "error", None, str(error))]
    return broken + [_judge(sound[index], *answer) for index, *answer in rows]


def _select(index: int, test: DataTest) -> str:
    limit = "" if test.limit is None else f"\nlimit {test.limit}"
    return (
        f"select {index}, failures, failures {test.warn_if}, failures {test.error_if}\n"
        f"from (select {test.fail_calc} as failures from (\n{test.sql}{limit}\n) as rows_found)"
        " as counted"
    )


def _judge(test: DataTest, failures: int, is_warning: bool, is_error: bool) -> TestResult:
    results = f"Got {failures} result{'' if failures == 1 else 's'}"
    if is_error and test.is_error:
        message = f"{results}, configured to fail if {test.error_if}"
        return TestResult(test, "fail", failures, message)
    if is_warning:
        message = f"{results}, configured to warn if {test.warn_if}"
        return TestResult(test, "warn", failures, message)
    return TestResult(test, "pass", failures, None)


def log_results(
    connection: duckdb.DuckDBPyConnection, results: Sequence[TestResult], as_of_date: date
) -> None:
    """Write what tests found into ``raw.test_log``, as macros/record_test_results.sql does.

    Args:
        connection: to the warehouse.
        results: of tests that ran just now.
        as_of_date: of the build.
    """
    if not results:
        return
    digests = read_digests(
        connection, {table for result in results for table in result.test.tables.values()}
    )
    tested_at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    rows = [_row(result, tested_at, as_of_date, digests) for result in results]
    with connection.cursor() as cursor:
        cursor.begin()
        cursor.execute(
            "delete from raw.test_log where list_contains(?, test_id)",
            [[row["test_id"] for row in rows]],
        )
        cursor.execute(
            f"insert into raw.test_log ({', '.join(rows[0])}) "
            "select unnest(rows, recursive := true) from (select unnest(?) as rows)",
            [rows],
        )
        cursor.commit()


def _row(
    result: TestResult, tested_at: datetime, as_of_date: date, digests: Mapping[Table, str]
) -> dict[str, Any]:
    test = result.test
    return {
        "test_id": test.test_id,
        "test_name": test.name,
        "test_kind": test.kind,
        "model_name": test.model_name,
        "column_name": test.column_name,
        "status": result.status,
        "failure_count": result.failure_count,
        "message": result.message[:MAX_MESSAGE_LENGTH] if result.message else None,
        "tested_at": tested_at,
        "content_digest": digest_of_test(as_of_date, test.tables, digests),
    }

"""dbt in this process: it builds the tables of a step and compiles their tests.

A process of its own would import everything again, and send what it does as lines of JSON.
`dbt build` by hand does the same work.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from orchestration.compiled_tests import CompiledTests
from orchestration.dbt_tests import DataTest, TestResult, log_results, run_tests, test_of_node
from orchestration.errors import WarehouseError
from orchestration.paths import FOLDER_VARIABLE
from orchestration.sources import SOURCE_VARIABLE
from orchestration.warehouse_file import open_warehouse

PARSED_NAME = "partial_parse.msgpack"
# Folders of single commands of dbt, and the age from which on none can be at work in one.
RUN_PREFIX = "run-"
LEFTOVER_SECONDS = 86_400
# What `dbt build` makes, and what `dbt compile` could compile besides tests.
BUILT_TYPES = ("model", "seed")
TESTED_TYPES = ("test",)
COMPILED_TYPES = ("model", "seed", "analysis", "unit_test")
# How dbt calls what ended badly, of tables.
FAILED = {"error", "fail"}


@dataclass(frozen=True)
class TableResult:
    """What became of a model or a seed.

    Attributes:
        node_id: as dbt calls it.
        status: ``success``, ``error`` or ``skipped``.
        message: what dbt says of it; of an error, where and why.
        seconds: how long it took.
    """

    node_id: str
    status: str
    message: str
    seconds: float


class Dbt:
    """The dbt project of this installation, with the models of one source.

    Args:
        project_dir: where dbt_project.yml and profiles.yml are.
        parsed_dir: where the parsed project is kept for the next command.
        source: whose models are switched on.
    """

    def __init__(self, project_dir: Path, parsed_dir: Path, source: str) -> None:
        self.project_dir = project_dir
        self.parsed_dir = parsed_dir
        self.source = source
        self._parsed: dict[str, Any] = {}  # by the warehouse's name, which dbt's relations have

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Dbt's ``manifest.json``, which Dagster reads, too."""
        text = (self.parsed_dir / "manifest.json").read_text(encoding="utf-8")
        manifest: Mapping[str, Any] = json.loads(text)
        return manifest

    def settings(self, warehouse_path: Path) -> dict[str, str]:
        """Environment of a dbt that works on a warehouse, with the models of the source.

        It is given the folder apart, since it parses the whole project anew for another path.
        """
        return {
            "REGULARS_WAREHOUSE": warehouse_path.name,
            FOLDER_VARIABLE: str(warehouse_path.parent),
            SOURCE_VARIABLE: self.source,
        }

    def build(
        self, path: Path, node_ids: Collection[str], *, advance: Callable[[str], None]
    ) -> list[TableResult]:
        """Build models and seeds, in the order of what they need; no tests.

        Args:
            path: the warehouse.
            node_ids: models and seeds, as dbt calls them.
            advance: is told the id of each that is done.

        Raises:
            WarehouseError: dbt could not begin, or which tables failed and why.
        """
        select = select_by_folders(self.manifest, node_ids, BUILT_TYPES)
        arguments = ["build", "--exclude-resource-type", "test", "unit_test", "--select", *select]
        results = [
            TableResult(
                result.node.unique_id,
                str(result.status),
                result.message or "",
                result.execution_time,
            )
            for result in self._invoke(path, arguments, advance=advance)
        ]
        failures = [result.message for result in results if result.status in FAILED]
        if failures:
            raise WarehouseError("\n".join(failures))
        return [result for result in results if result.node_id in node_ids]

    def test(
        self,
        path: Path,
        test_ids: Collection[str],
        as_of_date: date,
        *,
        advance: Callable[[str], None] = lambda _: None,
    ) -> list[TestResult]:
        """Run tests, those of a table in one statement, and log what they found.

        Args:
            path: the warehouse.
            test_ids: data tests, as dbt calls them.
            as_of_date: of the tables.
            advance: is told the name of each that is done.

        Returns:
            What each found, those included that could not be run.

        Raises:
            WarehouseError: dbt could not compile the project, or the warehouse stays locked or has
                no log of tests.
        """
        tests = self._compile(path, test_ids, as_of_date)
        with open_warehouse(path) as connection:
            results = run_tests(connection, tests, advance=advance)
            try:
                log_results(connection, results, as_of_date)
            except duckdb.Error as error:
                raise WarehouseError(
                    "raw.test_log could not be written, as in a warehouse of an earlier version "
                    f"({str(error).splitlines()[0]}); run `regulars build`"
                ) from error
        return results

    def _compile(self, path: Path, test_ids: Collection[str], as_of_date: date) -> list[DataTest]:
        """Tests with their statements; with what dbt says where it cannot compile one."""
        errors = {}
        with environment(**self.settings(path), REGULARS_AS_OF_DATE=str(as_of_date)):
            compiled = CompiledTests(self.manifest, self.parsed_dir.parent, version("dbt-core"))
            statements = compiled.read(test_ids)
            missing = [id_ for id_ in test_ids if id_ not in statements]
            if missing:
                new = {}
                select = select_by_folders(self.manifest, missing, TESTED_TYPES)
                others = [f"resource_type:{name}" for name in COMPILED_TYPES]
                arguments = ["compile", "--indirect-selection", "empty"]
                arguments += ["--select", *select, "--exclude", *others]
                for result in self._invoke(path, arguments):
                    if str(result.status) in FAILED:
                        errors[result.node.unique_id] = str(result.message)
                    else:
                        new[result.node.unique_id] = result.node.compiled_code
                compiled.keep(new)
                statements |= new
        return [
            test_of_node(self.manifest, id_, statements.get(id_), error=errors.get(id_))
            for id_ in test_ids
        ]

    def _invoke(
        self,
        path: Path,
        arguments: Sequence[str],
        *,
        advance: Callable[[str], None] | None = None,
    ) -> list[Any]:
        """Run a command of dbt; returns the results of its nodes, whatever they are.

        Raises:
            WarehouseError: why it ran none.
        """
        from dbt.cli.main import dbtRunner

        callbacks = [] if advance is None else [_at_the_end_of_nodes(advance)]
        parsed = self.parse(path)
        _forget_compiled(parsed)
        return list(self._run(path, arguments, dbtRunner(parsed, callbacks)).results)

    def parse(self, path: Path) -> Any:
        """The project as dbt has parsed it, once for all commands on warehouses of this name.

        Nothing else of a warehouse is in it, and of the environment the source only. What was
        parsed is kept for the next program, too, which then parses changes only.

        Raises:
            WarehouseError: the project could not be parsed, and why.
        """
        from dbt.cli.main import dbtRunner

        if path.name not in self._parsed:
            self._parsed[path.name] = self._run(path, ["parse"], dbtRunner())
        return self._parsed[path.name]

    def _run(self, path: Path, arguments: Sequence[str], runner: Any) -> Any:
        kept = self.parsed_dir / PARSED_NAME
        self.parsed_dir.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.parsed_dir)
        with (
            environment(**self.settings(path)),
            TemporaryDirectory(dir=self.parsed_dir, prefix=RUN_PREFIX) as folder,
            _interrupted_as_by_hand(),
            _connections_closed(),
        ):
            former = ["--partial-parse-file-path", str(kept)] if kept.exists() else []
            done = runner.invoke([*arguments, *self._options(Path(folder)), *former])
            new = Path(folder, PARSED_NAME)
            if new.exists():
                new.replace(kept)
        return _result_of(done)

    def _options(self, folder: Path) -> list[str]:
        directory = str(self.project_dir)
        return [
            *("--project-dir", directory, "--profiles-dir", directory),
            *("--target-path", str(folder), "--no-write-json"),
            # What it prints goes where the step's own output goes.
            *("--log-level-file", "none"),
        ]


def select_by_folders(
    manifest: Mapping[str, Any], node_ids: Collection[str], resource_types: Collection[str]
) -> list[str]:
    """Criteria for dbt's ``--select``: a folder where all in it are meant, else each by its name.

    dbt holds every node against every criterion, so that a few hundred names take seconds.

    Args:
        manifest: dbt's ``manifest.json``.
        node_ids: what is meant.
        resource_types: of which types they are; dbt is to leave out all others.

    Returns:
        Folders and names as dbt writes them, from the project's on: ``regulars.marts.rfm``.
    """
    meant: dict[tuple[str, ...], bool] = {}
    for node_id, node in manifest["nodes"].items():
        is_part = node["config"]["materialized"] == "ephemeral"  # of a statement; made in no case
        if node["resource_type"] in resource_types and not is_part:
            for length in range(1, len(node["fqn"]) + 1):
                place = tuple(node["fqn"][:length])
                meant[place] = meant.get(place, True) and node_id in node_ids
    places = (tuple(manifest["nodes"][node_id]["fqn"]) for node_id in node_ids)
    return sorted(
        {
            ".".join(next(place[:n] for n in range(1, len(place) + 1) if meant[place[:n]]))
            for place in places
        }
    )


def remove_leftovers(folder: Path) -> None:
    """Remove what commands that were killed have left, once nobody can be at work there."""
    for path in folder.glob(f"{RUN_PREFIX}*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _result_of(done: Any) -> Any:
    """What a command of dbt came to, or why it came to nothing."""
    if done.exception is not None:
        if not isinstance(done.exception, Exception):
            raise done.exception  # somebody stopped it
        raise WarehouseError(str(done.exception)) from done.exception
    return done.result


def _forget_compiled(parsed: Any) -> None:
    """Let dbt compile a parsed project as for the first time: it keeps the parts of statements."""
    for node in parsed.nodes.values():
        if getattr(node, "compiled", False):
            node.compiled, node.compiled_code = False, None
            node.extra_ctes, node.extra_ctes_injected = [], False


def _at_the_end_of_nodes(advance: Callable[[str], None]) -> Callable[[Any], None]:
    """A listener to dbt's events, whose threads tell one after the other."""
    lock = threading.Lock()

    def listen(event: Any) -> None:
        if event.info.name == "NodeFinished":
            with lock:
                advance(event.data.node_info.unique_id)

    return listen


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables of the environment for a while."""
    former = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupted_as_by_hand() -> Iterator[None]:
    """Ctrl-C is a KeyboardInterrupt, at which dbt stops its statements; Dagster has its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


@contextmanager
def _connections_closed() -> Iterator[None]:
    """Let go of the warehouse, which dbt-duckdb keeps open to the end of a process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    manager: Any = DuckDBConnectionManager
    try:
        yield
    finally:
        if manager._ENV is not None:
            manager.env().close()
        manager.close_all_connections()

"""What Dagster remembers: runs, materializations and checks, beside the warehouse.

Commands and `dagster dev` share it, since dagster.yaml names the classes below as its storage. They
build on parts of Dagster that it does not call public: look here first when its version changes.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory
from dagster._serdes import ConfigurableClassData

from orchestration.settings import PROJECT_DIR, Settings

# Runs that are kept, besides those that made what is there now.
KEPT_RUN_COUNT = 20
PROCESS_TAG = "regulars/process"
# How long events of a run wait at most before others can read them.
SECONDS_TO_STORE = 1.0
# Of a command, whose steps print to the terminal and to build.log.
NO_STEP_LOGS = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}


def history_dir() -> Path:
    """Where the history of the present warehouse lies."""
    return Settings.from_environment().folder / "dagster"


class BufferedEventLog(SqliteEventLogStorage):
    """Dagster's event log, which stores events by the second instead of each in its transactions.

    A build has 3,000 of them. Whoever reads finds all of this process; other processes, and who
    comes after a killed one, lack those of its last second.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._connections: dict[str, sa.Connection] | None = None  # while events are stored
        self._events: list[EventLogEntry] = []
        self._events_lock = threading.RLock()  # of the files, too, in place of Dagster's own
        self._stored_at = time.monotonic()
        self._there: set[str] = set()
        super().__init__(base_dir, inst_data)

    def store_event(self, event: EventLogEntry) -> None:
        """Keep an event in mind; store all at a milestone, or a second after the last time."""
        with self._events_lock:
            self._events.append(event)
            if _is_milestone(event) or time.monotonic() - self._stored_at > SECONDS_TO_STORE:
                self._store()

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events, and those that wait."""
        with self._events_lock:
            self._events += events
            self._store()

    def dispose(self) -> None:
        """Store what waits."""
        with self._events_lock:
            self._store()
        super().dispose()

    def has_table(self, table_name: str) -> bool:
        """Whether there is a table, asked once: the schema is made by Dagster's own migrations."""
        return self._ask_once(table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration of data is over, asked once."""
        return self._ask_once(name, super().has_secondary_index)

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has a column, asked once instead of for each check."""
        return self._ask_once(column_name, super().has_asset_key_col)

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        """The same, of whoever has a connection."""
        ask = partial(super()._has_asset_key_col_on_connection, conn)
        return self._ask_once(column_name, ask)

    def _ask_once(self, name: str, ask: Callable[[str], bool]) -> bool:
        if name not in self._there and ask(name):
            self._there.add(name)
        return name in self._there

    def _store(self) -> None:
        """Store all that wait, with one transaction per file."""
        events, self._events = self._events, []
        self._stored_at = time.monotonic()
        if not events:
            return
        with ExitStack() as transactions:
            self._connections, self._transactions = {}, transactions
            try:
                for event in events:
                    super().store_event(event)
            finally:
                self._connections = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._events_lock:
            if self._connections is not None:
                if shard not in self._connections:
                    self._connections[shard] = self._transactions.enter_context(self._begin(shard))
                yield self._connections[shard]
                return
            self._store()
            with self._begin(shard) as connection:
                yield connection

    @contextmanager
    def _begin(self, shard: str) -> Iterator[sa.Connection]:
        engine = self._engines.get(shard)
        if engine is None:
            engine = self._engines[shard] = _engine(self.conn_string_for_shard(shard))
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.begin() as connection:
            yield connection


def _is_milestone(event: EventLogEntry) -> bool:
    """Whether a run or a step begins or ends, after which long nothing may come."""
    if not event.is_dagster_event:
        return False
    dagster_event = event.get_dagster_event()
    return bool(
        dagster_event.is_job_event
        or dagster_event.is_step_start
        or dagster_event.is_step_success
        or dagster_event.is_step_failure
    )


def _engine(url: str) -> sa.Engine:
    """An engine without a pool, whose commits wait for no disk: a history may lose its end."""
    engine = sa.create_engine(
        url, poolclass=sa.NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    )
    sa.event.listen(
        engine,
        "connect",
        lambda connection, _: connection.execute("pragma synchronous = normal"),
    )
    return engine


class BesideWarehouseStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage, in the folder of the warehouse."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = BufferedEventLog(_event_logs_directory(base_dir))

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing is configured: REGULARS_WAREHOUSE says where."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> BesideWarehouseStorage:
        """The storage of the present warehouse."""
        return cls.from_local(str(history_dir()), inst_data=inst_data)


class BesideWarehouseLogs(LocalComputeLogManager):
    """What steps print, in the folder of the warehouse."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing is configured: REGULARS_WAREHOUSE says where."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> BesideWarehouseLogs:
        """The logs of the present warehouse."""
        return cls(base_dir=str(history_dir() / "logs"), inst_data=inst_data)


@contextmanager
def open_history() -> Iterator[dg.DagsterInstance]:
    """The instance that `dagster dev` shows; that of DAGSTER_HOME where it is set."""
    if os.environ.get("DAGSTER_HOME"):
        with dg.DagsterInstance.get() as instance:
            yield instance
        return
    folder = history_dir()
    folder.mkdir(parents=True, exist_ok=True)
    reference = InstanceRef.from_dir(
        str(folder), config_dir=str(PROJECT_DIR), overrides={"compute_logs": NO_STEP_LOGS}
    )
    with dg.DagsterInstance.from_ref(reference) as instance:
        yield instance


def mark_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Note which process executes a run, so that others can tell when it is gone."""
    instance.add_run_tags(run_id, {PROCESS_TAG: f"{platform.node()} {os.getpid()}"})


def end_dead_runs(instance: dg.DagsterInstance) -> int:
    """Call a run failed whose process was killed; else it would keep others waiting for ever.

    Returns:
        How many there were.
    """
    active = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ]
    )
    dead = [run for run in instance.get_runs(active) if _is_dead(run.tags.get(PROCESS_TAG, ""))]
    for run in dead:
        instance.report_run_failed(run, "the process that executed this run was killed")
    return len(dead)


def _is_dead(process: str) -> bool:
    host, _, process_id = process.rpartition(" ")
    if not process_id.isdigit() or host != platform.node():
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def forget_old_runs(instance: dg.DagsterInstance, kept_run_count: int = KEPT_RUN_COUNT) -> int:
    """Delete finished runs but for the last ones, and those that made what is there now.

    Returns:
        How many were deleted.
    """
    finished = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        ]
    )
    run_ids = [record.run_id for record in instance.get_runs(finished)]  # the latest first
    old = set(run_ids[kept_run_count:])
    if not old:
        return 0
    keys = sorted(instance.all_asset_keys())
    latest = instance.get_latest_materialization_events(keys).values()
    old -= {event.run_id for event in latest if event is not None}
    for run_id in old:
        instance.delete_run(run_id)
    return len(old)


def tidy_history_of_dev() -> None:
    """End dead runs before `dagster dev` counts them among those that others have to wait for."""
    if os.environ.get("DAGSTER_IS_DEV_CLI") and not os.environ.get("DAGSTER_HOME"):
        with open_history() as instance:
            end_dead_runs(instance)

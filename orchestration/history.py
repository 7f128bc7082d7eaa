"""What Dagster remembers: runs, materializations and checks, beside the warehouse.

Commands and `dagster dev` share it, since dagster.yaml names the classes below as its storage. They
build on parts of Dagster that it does not call public: look here first when its version changes.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from orchestration.resources import PROJECT_DIR, Settings

# Runs that are kept, besides those that made what is there now.
KEPT_RUN_COUNT = 20
PROCESS_TAG = "regulars/process"
# Of a command, whose steps print to the terminal and to build.log.
NO_STEP_LOGS = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}


def history_dir() -> Path:
    """Where the history of the present warehouse lies."""
    return Settings.from_environment().folder / "dagster"


class BesideWarehouseStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage, in the folder of the warehouse."""

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

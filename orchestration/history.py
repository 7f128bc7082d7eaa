"""What Dagster remembers: runs, materializations and checks, beside the warehouse.

Commands and `dagster dev` share it, since dagster.yaml names the classes below as its storage.
"""

from __future__ import annotations

import os
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

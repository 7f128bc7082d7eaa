"""How a Dagster run writes: under the warehouse's lock, each step in the run's one place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.errors import WarehouseError, WarehouseLockedError
from orchestration.history import end_dead_runs, forget_old_runs, mark_process
from orchestration.locking import Holder, hold_lock
from orchestration.settings import Settings
from orchestration.staging import WritingRun
from orchestration.warehouse_file import open_warehouse

# The tag of every step that writes to the warehouse, and how it does.
WRITES = "regulars/writes"
# dbt commits each table by itself, so it needs a copy to work on.
ON_COPY = {WRITES: "on a copy"}
# One transaction, which a run without a step of the other kind makes in the warehouse itself.
IN_TRANSACTION = {WRITES: "in a transaction"}
# The same, and where there is no warehouse yet, the step begins one.
BEGINNING = {WRITES: "in a transaction, or in a new warehouse"}
# How long a run of `dagster dev` or of a schedule waits for another writer, in seconds.
RUN_PATIENCE = 600.0


@dg.resource(
    required_resource_keys={"settings"},
    description="The place to write of a run, which holds the warehouse's lock to its end.",
)
def writing_run(context: dg.InitResourceContext) -> Iterator[WritingRun]:
    """Hold the lock and yield the run's place to write; an unfinished copy ends in ``failed/``."""
    settings: Settings = context.resources.settings
    run, instance = context.run, context.instance
    program = f"{run.job_name.strip('_').lower()} of Dagster" if run else "Dagster"
    if run is not None and instance is not None:
        mark_process(instance, run.run_id)
    with _lock_of_run(settings.warehouse_path, program, context.log):
        place = WritingRun(settings.warehouse_path)
        try:
            yield place
        finally:
            place.abandon()
            if instance is not None:
                _tidy(instance, context.log)


def _tidy(instance: dg.DagsterInstance, log: dg.DagsterLogManager | None) -> None:
    try:
        end_dead_runs(instance)
        forget_old_runs(instance)
    except Exception as error:  # noqa: BLE001, the run itself is over, and what it did stands
        if log is not None:
            log.warning(f"old runs could not be forgotten: {error}")


@contextmanager
def _lock_of_run(path: Path, program: str, log: dg.DagsterLogManager | None) -> Iterator[Holder]:
    """Wait for another writer, and say for whom."""
    give_up_at = time.monotonic() + RUN_PATIENCE
    pause = 1.0
    with ExitStack() as held:
        while True:
            try:
                holder = held.enter_context(hold_lock(path, program))
                break
            except WarehouseLockedError as error:
                if time.monotonic() + pause > give_up_at:
                    raise
                if log is not None:
                    log.info(f"waiting: {error}")
            time.sleep(pause)
            pause = min(2 * pause, 60.0)
        yield holder


@contextmanager
def writing_step(context: dg.AssetExecutionContext, warehouse: WritingRun) -> Iterator[Path]:
    """The file that a step writes to: a copy if the run has a step that needs one.

    Yields:
        The warehouse file, or the run's copy of it.

    Raises:
        WarehouseError: there is nothing to write to, or it was changed by another program.
    """
    step = context.op_execution_context
    planned = step.run.step_keys_to_execute
    writers = {node.name: node.tags[WRITES] for node in step.job_def.nodes if WRITES in node.tags}
    name = step.op_handle.name
    begins = not warehouse.warehouse_path.exists() and writers[name] == BEGINNING[WRITES]
    if begins or ON_COPY[WRITES] in writers.values():
        left_out = [] if planned is None else sorted(set(writers).difference(planned))
        if left_out and step.run.parent_run_id is not None:
            raise WarehouseError(
                f"{name} cannot go on from where the failed run ended: its copy of the warehouse "
                f"was not kept, so {', '.join(left_out)} must be run again, too. Run all of it"
            )
        writers = {
            step_name: writers[step_name] for step_name in writers if step_name not in left_out
        }
        with warehouse.step_on_copy(name, writers) as path:
            yield path
    else:
        with warehouse.step_in_place() as path:
            yield path


@contextmanager
def writing_connection(
    context: dg.AssetExecutionContext, warehouse: WritingRun
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file that a step writes to, for a step that is one transaction.

    Raises:
        WarehouseError: there is nothing to write to, or it was changed by another program.
    """
    with writing_step(context, warehouse) as path, open_warehouse(path) as connection:
        yield connection

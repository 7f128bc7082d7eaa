"""Executing a job of the graph in this process, and saying what failed."""

from __future__ import annotations

import contextlib
import logging
import time
from decimal import Decimal
from typing import Any

import typer

from orchestration.cli.progress import console, show_progress
from orchestration.cli.summary import JOBS_WITH_MARTS, summarize
from orchestration.data_facts import read_data_facts
from orchestration.errors import WarehouseError
from orchestration.locking import hold_lock
from orchestration.resources import Settings, open_warehouse

# Errors whose text is a sentence for the person who typed the command.
WRITTEN_TO_BE_READ = {
    "FeatureError",
    "InputError",
    "PageError",
    "PublishError",
    "RegularsError",
    "StoreError",
    "WarehouseError",
    "WarehouseLockedError",
}


def run_job(job_name: str) -> None:
    """Execute a job of the graph in this process; the command ends with 1 if it fails."""
    started_at = time.monotonic()
    settings = Settings.from_environment()
    settings.folder.mkdir(parents=True, exist_ok=True)
    log_path = settings.folder / "build.log"
    with (
        hold_lock(settings.warehouse_path),
        show_progress() as progress,
        log_path.open("a", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
    ):
        former_facts = _former_facts(settings) if job_name in JOBS_WITH_MARTS else {}
        progress.begin("prepare", 2)
        import dagster as dg

        progress.advance("dagster")
        from orchestration.definitions import defs
        from orchestration.history import forget_old_runs, open_history

        progress.advance("dbt project")
        job = defs.resolve_job_def(job_name)
        logging.getLogger("dagster").setLevel(logging.CRITICAL)
        with open_history() as instance:
            result = job.execute_in_process(
                instance=instance,
                resources={"progress": progress, "settings": settings},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
            forget_old_runs(instance)
        progress.finish()
        failures = [] if result.success else _failures(result, dg)
    if failures:
        for step, message in failures:
            console.print(f"[red]{step} failed.[/] {message}", markup=True, soft_wrap=True)
        console.print(f"The full log is in {log_path.name}, beside the warehouse.", soft_wrap=True)
        raise typer.Exit(1)
    summarize(settings, job_name, progress, time.monotonic() - started_at, former_facts)


def _former_facts(settings: Settings) -> dict[str, Decimal | None]:
    """What the last build found, by fact; nothing where there was none.

    A warehouse that cannot be opened is for the job itself to complain about.
    """
    if not settings.warehouse_path.exists():
        return {}
    try:
        with open_warehouse(settings.warehouse_path, read_only=True) as connection:
            return {fact.fact_id: fact.found for fact in read_data_facts(connection)}
    except WarehouseError:
        return {}


def _failures(result: Any, dg: Any) -> list[tuple[str, str]]:
    """Failed steps with what the person needs to read; blocking checks included."""
    found: list[tuple[str, str]] = []
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            error = event.event_specific_data.error
            cause = error
            while cause.cause is not None:
                cause = cause.cause
            known = _own_error(error) or cause
            if known.cls_name.rpartition(".")[2] == "StepNotRunError":
                continue  # the step that failed before it is told of
            found.append((event.step_key, known.message.partition(": ")[2].strip()))
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.event_specific_data
            if not evaluation.passed:
                found.append((f"check {evaluation.check_name}", evaluation.description or ""))
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE and not found:
            error = event.event_specific_data.error  # before any step: a resource
            known = _own_error(error) or error
            found.append(("the run", known.message.partition(": ")[2].strip() if known else ""))
    return found


def _own_error(error: Any) -> Any:
    """The first error in the chain that is ours, hence written to be read."""
    while error is not None:
        if error.cls_name and error.cls_name.rpartition(".")[2] in WRITTEN_TO_BE_READ:
            return error
        error = error.cause
    return None

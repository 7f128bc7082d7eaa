"""Executing a job of the graph in this process, and what is said before and after."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import traceback

import typer
from rich.console import Console

from orchestration.cli.build_log import BuildLog
from orchestration.cli.checking import JOBS_FROM_FILES, check_job
from orchestration.cli.details import describe_details
from orchestration.cli.failures import Failure, describe_step, find_failures, is_interruption
from orchestration.cli.history import describe_usual_time, remember_run, run_of
from orchestration.cli.overview import read_overview
from orchestration.cli.progress import BarProgress, print_error, say, show_progress
from orchestration.cli.standing import (
    Standing,
    describe_full_disk,
    is_full_disk,
    remove_if_empty,
    remove_leftovers,
)
from orchestration.cli.summary import JOBS_WITH_MARTS, print_lines, summarize
from orchestration.data_warnings import (
    DataWarning,
    WarningComparison,
    compare_data_warnings,
    read_data_warnings,
)
from orchestration.dates import read_as_of_date
from orchestration.errors import RegularsError, WarehouseError
from orchestration.locking import hold_lock
from orchestration.settings import Settings
from orchestration.source import describe_source
from orchestration.warehouse_file import open_warehouse

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
Warnings = list[DataWarning]


def run_job(job_name: str, *, is_verbose: bool = False) -> None:
    """Execute a job; the command ends with 1 if it fails, with 130 if it is interrupted."""
    started_at = time.monotonic()
    settings = check_job(job_name)
    _announce(settings, job_name)
    settings.folder.mkdir(parents=True, exist_ok=True)
    with (
        hold_lock(settings.warehouse_path),
        BuildLog(settings.folder / "build.log", job_name) as log,
    ):
        standing = Standing.look(settings)
        former_warnings = _former_warnings(settings) if job_name in JOBS_WITH_MARTS else None
        progress, failures = _attempt(settings, job_name, log)
        if failures:
            _end_without_success(failures, standing, progress)
        seconds = time.monotonic() - started_at
        if job_name == "whole_build":
            remember_run(settings, run_of(settings, seconds))
        _end_with_success(settings, job_name, seconds, progress, former_warnings, log, is_verbose)


def _announce(settings: Settings, job_name: str) -> None:
    """Whose files are used, as of when, and how long it usually takes."""
    if job_name not in JOBS_FROM_FILES:
        return
    sentence = f"{'Loading' if job_name == 'load' else 'Building from'} {describe_source(settings)}"
    sentence += f", source {settings.source}"
    if job_name == "whole_build":
        day = read_as_of_date(source=settings.source) or "the day after its last order"
        sentence += f", as of {day}; this {describe_usual_time(settings)}"
    say(f"{sentence}.")


def _attempt(settings: Settings, job_name: str, log: BuildLog) -> tuple[BarProgress, list[Failure]]:
    """Execute the job, and say how far it came and what failed."""
    with show_progress() as progress, contextlib.redirect_stdout(log):
        sys.unraisablehook = lambda lost: print(f"{lost.err_msg}: {lost.exc_value!r}", file=log)
        try:
            return progress, _execute(settings, job_name, progress, log)
        except RegularsError:
            raise
        except BaseException as error:
            log.write(traceback.format_exc())
            # Dagster's interruption is no KeyboardInterrupt, nor an Exception.
            if isinstance(error, Exception | KeyboardInterrupt) or is_interruption(error):
                return progress, [Failure.of_exception(progress.step, error)]
            raise
        finally:
            sys.unraisablehook = sys.__unraisablehook__


def _execute(
    settings: Settings, job_name: str, progress: BarProgress, log: BuildLog
) -> list[Failure]:
    progress.begin("prepare", 1)
    from orchestration.definitions import defs
    from orchestration.history import open_history

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
    return [] if result.success else find_failures(result, log)


def _end_without_success(
    failures: list[Failure], standing: Standing, progress: BarProgress
) -> None:
    """Say what happened, what stands, and where more is told."""
    settings = standing.settings
    doing = describe_step(progress.step)
    is_full = any(
        is_full_disk(f"{failure.message} {failure.text}", settings.folder) for failure in failures
    )
    is_stopped = any(failure.is_interruption for failure in failures)
    remove_if_empty(standing)
    if is_full or is_stopped:
        remove_leftovers(settings, is_disk_full=is_full)
    if is_full:
        print_error(describe_full_disk(standing, doing))
        raise typer.Exit(1)
    if is_stopped:
        say(f"Stopped while {doing}. {standing.describe()}")
        raise typer.Exit(INTERRUPTED)
    for failure in failures:
        print_error(failure.message, f"{failure.what} failed:")
    say(f"{standing.describe()} The full log is {settings.folder / 'build.log'}.")
    raise typer.Exit(1)


def _end_with_success(
    settings: Settings,
    job_name: str,
    seconds: float,
    progress: BarProgress,
    former_warnings: Warnings | None,
    log: BuildLog,
    is_verbose: bool,
) -> None:
    """One screen on what there is now; everything goes to the log, and to who asks for it."""
    warnings: WarningComparison | None = None
    with open_warehouse(settings.warehouse_path, read_only=True) as connection:
        overview = read_overview(connection)
        if job_name in JOBS_WITH_MARTS:
            warnings = compare_data_warnings(read_data_warnings(connection) or [], former_warnings)
        details = describe_details(
            connection if warnings is not None else None, warnings, progress.seconds
        )
    log.write(details)
    out = Console(highlight=False, markup=False, emoji=False)
    if is_verbose:
        out.print(details, soft_wrap=True)
    print_lines(out, summarize(settings, job_name, seconds, overview, warnings))
    if job_name in JOBS_WITH_MARTS and not is_verbose:
        out.print("Everything else: --verbose, or build.log beside the warehouse.")


def _former_warnings(settings: Settings) -> Warnings | None:
    """What the last build found odd in the data; none where there was no build.

    A warehouse that cannot be opened is for the job itself to complain about.
    """
    if not settings.warehouse_path.exists():
        return None
    try:
        with open_warehouse(settings.warehouse_path, read_only=True) as connection:
            return read_data_warnings(connection)
    except WarehouseError:
        return None

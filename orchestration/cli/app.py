"""The commands that run the asset graph, and the way into all of them."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from ml.entry_points import ExtensionError
from orchestration.cli.check import check
from orchestration.cli.demo import demo
from orchestration.cli.init import init
from orchestration.cli.models import models
from orchestration.cli.new import new
from orchestration.cli.options import (
    AsOf,
    DataDir,
    FullRefresh,
    Purpose,
    QuickStudy,
    Rejects,
    SnapshotDates,
    SourceName,
    Verbose,
)
from orchestration.cli.progress import print_error, say
from orchestration.cli.running import INTERRUPTED, run_job
from orchestration.cli.standing import is_full_disk
from orchestration.cli.status import status
from orchestration.errors import RegularsError


class _Commands(TyperGroup):
    """Commands that end with a sentence when somebody presses Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("Stopped.")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    help="The warehouse that tells a shop which customers come back, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    cls=_Commands,
)
app.add_typer(models, name="models")
app.add_typer(new, name="new")


def _set(name: str, value: object | None, option: str) -> None:
    """Hand an option to the steps, which read the environment."""
    if value is None:
        return
    if not str(value).strip(" ,"):
        raise RegularsError(f"{option} is empty; give it a value or leave it out")
    os.environ[name] = str(value)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        Console(highlight=False).print(f"Regulars {version('regulars')}")
        raise typer.Exit


@app.callback()
def _regulars(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="The version."),
    ] = False,
) -> None:
    pass


@app.command()
def build(
    as_of: AsOf = None,
    snapshot_dates: SnapshotDates = None,
    full_refresh: FullRefresh = False,
    data_dir: DataDir = None,
    source: SourceName = None,
    max_rejected_rows: Rejects = None,
    quick_study: QuickStudy = False,
    verbose: Verbose = False,
) -> None:
    """Load, build, fit, score, report and publish."""
    _set("REGULARS_AS_OF_DATE", as_of, "--as-of")
    _set("REGULARS_SNAPSHOT_DATES", snapshot_dates, "--snapshot-dates")
    _set("DBT_FULL_REFRESH", 1 if full_refresh else None, "--full-refresh")
    _set("REGULARS_QUICK_STUDY", 1 if quick_study else None, "--quick-study")
    _set("REGULARS_DATA_DIR", data_dir, "--data-dir")
    _set("REGULARS_SOURCE", source, "--source")
    _set("REGULARS_MAX_REJECTED_ROWS", max_rejected_rows, "--max-rejected-rows")
    run_job("whole_build", is_verbose=verbose)


@app.command()
def load(
    data_dir: DataDir = None,
    source: SourceName = None,
    max_rejected_rows: Rejects = None,
    verbose: Verbose = False,
) -> None:
    """Load the raw files into schema raw: all of them or none."""
    _set("REGULARS_DATA_DIR", data_dir, "--data-dir")
    _set("REGULARS_SOURCE", source, "--source")
    _set("REGULARS_MAX_REJECTED_ROWS", max_rejected_rows, "--max-rejected-rows")
    run_job("load", is_verbose=verbose)


@app.command()
def fit(
    purpose: Annotated[
        Purpose | None, typer.Option(help="Fit the models of one purpose; all if not given.")
    ] = None,
    quick_study: QuickStudy = False,
    verbose: Verbose = False,
) -> None:
    """Fit the models on the features that are there, and choose champions."""
    _set("REGULARS_QUICK_STUDY", 1 if quick_study else None, "--quick-study")
    run_job(f"fit_{purpose.value}" if purpose else "fit", is_verbose=verbose)


@app.command()
def score(verbose: Verbose = False) -> None:
    """Score everybody from the features and models that are there, and build the marts."""
    run_job("score", is_verbose=verbose)


@app.command()
def report(verbose: Verbose = False) -> None:
    """Build the report from the marts that are there."""
    run_job("report", is_verbose=verbose)


@app.command()
def publish(verbose: Verbose = False) -> None:
    """Publish the marts that are there for BI tools."""
    run_job("publish", is_verbose=verbose)


app.command()(demo)
app.command()(init)
app.command()(check)
app.command()(status)


def main() -> None:
    """Run the command; an error that a person can act on is printed as a sentence."""
    try:
        app()
    except (RegularsError, ExtensionError) as error:
        print_error(str(error))
        sys.exit(1)
    except OSError as error:
        if not is_full_disk(str(error)):
            raise
        print_error(f"no space left on the disk ({error}); free some and run the command again")
        sys.exit(1)

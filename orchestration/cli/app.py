"""The commands that run the asset graph, and the way into all of them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from orchestration.cli.demo import demo
from orchestration.cli.models import models
from orchestration.cli.options import (
    AsOf,
    DataDir,
    FullRefresh,
    Purpose,
    QuickStudy,
    Rejects,
    SnapshotDates,
)
from orchestration.cli.progress import console
from orchestration.cli.running import run_job
from orchestration.errors import RegularsError

app = typer.Typer(
    help="The warehouse that tells a shop which customers come back, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(models, name="models")


def _set(name: str, value: object | None) -> None:
    if value is not None:
        os.environ[name] = str(value)


@app.command()
def build(
    as_of: AsOf = None,
    snapshot_dates: SnapshotDates = None,
    full_refresh: FullRefresh = False,
    data_dir: DataDir = None,
    max_rejected_rows: Rejects = None,
    quick_study: QuickStudy = False,
) -> None:
    """Load, build, fit, score, report and publish."""
    _set("REGULARS_AS_OF_DATE", as_of)
    _set("REGULARS_SNAPSHOT_DATES", snapshot_dates)
    _set("DBT_FULL_REFRESH", 1 if full_refresh else None)
    _set("REGULARS_QUICK_STUDY", 1 if quick_study else None)
    _set("REGULARS_DATA_DIR", data_dir)
    _set("REGULARS_MAX_REJECTED_ROWS", max_rejected_rows)
    run_job("whole_build")


@app.command()
def load(data_dir: DataDir = None, max_rejected_rows: Rejects = None) -> None:
    """Load the raw files into schema raw: all of them or none."""
    _set("REGULARS_DATA_DIR", data_dir)
    _set("REGULARS_MAX_REJECTED_ROWS", max_rejected_rows)
    run_job("load")


@app.command()
def fit(
    purpose: Annotated[
        Purpose | None, typer.Option(help="Fit the models of one purpose; all if not given.")
    ] = None,
    quick_study: QuickStudy = False,
) -> None:
    """Fit the models on the features that are there, and choose champions."""
    _set("REGULARS_QUICK_STUDY", 1 if quick_study else None)
    run_job(f"fit_{purpose.value}" if purpose else "fit")


@app.command()
def score() -> None:
    """Score everybody from the features and models that are there, and build the marts."""
    run_job("score")


@app.command()
def report() -> None:
    """Build the report from the marts that are there."""
    run_job("report")


@app.command()
def publish() -> None:
    """Publish the marts that are there for BI tools."""
    run_job("publish")


app.command()(demo)


def main() -> None:
    """Run the command; an error that a person can act on is printed as a sentence."""
    try:
        app()
    except RegularsError as error:
        console.print(f"[red]Error:[/] {error}", soft_wrap=True)
        sys.exit(1)

"""The `regulars` command: the asset graph by hand, with progress and a summary."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from orchestration.data_facts import (
    Difference,
    FactComparison,
    compare_data_facts,
    read_data_facts,
)
from orchestration.errors import RegularsError, WarehouseError
from orchestration.resources import (
    DEFAULT_DEMO_ORDERS,
    DEFAULT_DEMO_SCENARIO,
    DEFAULT_DEMO_SEED,
    Settings,
    count_rows,
    open_warehouse,
)

if TYPE_CHECKING:
    import dagster as dg
    import duckdb

app = typer.Typer(
    help="The warehouse that tells a shop which customers come back, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models = typer.Typer(
    help="The registry of models, and which one is champion.", no_args_is_help=True
)
app.add_typer(models, name="models")
console = Console(stderr=True, highlight=False)
# Of the many figures of churn models, those that a build ends with; marts.model_quality has all.
SUMMARY_CHURN_METRICS = [
    "cross_validation roc_auc",
    "test roc_auc",
    "test roc_auc_gain",
    "test pr_auc",
    "test lift_at_10_percent",
    "test brier_skill",
    "test calibration_slope",
]
# Errors whose text is a sentence for the person who typed the command.
WRITTEN_TO_BE_READ = {
    "FeatureError",
    "InputError",
    "LeakError",
    "PageError",
    "PublishError",
    "RegularsError",
    "StoreError",
    "WarehouseError",
    "WarehouseLockedError",
}
SUMMARY_SCHEMAS = ("raw", "canonical", "features", "marts")
# Jobs that build marts, hence those that have rows, models and facts to tell of.
JOBS_WITH_MARTS = ("whole_build", "score")
REPORT_WIDTH = 132  # of the summary, where there is no terminal to ask
MODELS_WIDTH = 200  # of what is said of models, likewise
MOST_FACTS_SHOWN = 15

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="As-of date, like 2018-03-01; the source's default if not given."),
]
SnapshotDates = Annotated[
    str | None,
    typer.Option(
        "--snapshot-dates",
        help="Dates of the feature snapshots, like 2017-09-01,2018-03-01; monthly if not given.",
    ),
]
FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", help="Work out every incremental table anew.")
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the raw files; REGULARS_DATA_DIR or the demo shop."),
]
Rejects = Annotated[
    int | None,
    typer.Option("--max-rejected-rows", min=0, help="Unreadable rows to set aside, 0 by default."),
]
QuickStudy = Annotated[
    bool,
    typer.Option(
        "--quick-study",
        help="Study segmentations on few people, seeds and counts; for trying out.",
    ),
]


ModelId = Annotated[str, typer.Argument(help="As `regulars models list` shows it.")]
AFTER_A_CHANGE = (
    "The marts still have the former scores. Next: `regulars score` (or `dbt run`), "
    "then `regulars publish` and `regulars report`."
)


class Purpose(StrEnum):
    """What a model is for."""

    segmentation = "segmentation"
    churn = "churn"


@dataclass
class BarProgress:
    """Progress as one bar per step, with the time that each step took."""

    bars: Progress
    task: TaskID | None = None
    step: str = ""
    began_at: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def begin(self, step: str, total: int) -> None:
        """A step begins, with so many pieces of work."""
        self.finish()
        self.step, self.began_at = step, time.monotonic()
        self.task = self.bars.add_task(step, total=total, message="")
        if not console.is_terminal:
            console.print(f"{step} ...")

    def advance(self, message: str) -> None:
        """One piece is done."""
        if self.task is not None:
            self.bars.update(self.task, advance=1, message=message[:60])

    def finish(self) -> None:
        """The current step is over."""
        if self.task is None:
            return
        self.seconds[self.step] = (
            self.seconds.get(self.step, 0.0) + time.monotonic() - self.began_at
        )
        total = self.bars.tasks[self.task].total
        self.bars.update(self.task, completed=total or 0)
        self.bars.stop_task(self.task)
        self.task = None


@contextlib.contextmanager
def _progress() -> Iterator[BarProgress]:
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[message]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        progress = BarProgress(bars)
        yield progress
        progress.finish()


def _set(name: str, value: object | None) -> None:
    if value is not None:
        os.environ[name] = str(value)


def _run_job(job_name: str) -> None:
    """Execute a job of the graph in this process; the command ends with 1 if it fails."""
    started_at = time.monotonic()
    settings = Settings.from_environment()
    settings.folder.mkdir(parents=True, exist_ok=True)
    log_path = settings.folder / "build.log"
    with (
        _only_one(settings),
        _progress() as progress,
        log_path.open("a", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
    ):
        former_facts = _former_facts(settings) if job_name in JOBS_WITH_MARTS else {}
        progress.begin("prepare", 2)
        import dagster as dg

        progress.advance("dagster")
        from orchestration.definitions import defs

        progress.advance("dbt project")
        job = defs.resolve_job_def(job_name)
        logging.getLogger("dagster").setLevel(logging.CRITICAL)
        with _dagster_instance() as instance:
            result = job.execute_in_process(
                instance=instance,
                resources={"progress": progress, "settings": settings},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        progress.finish()
        failures = [] if result.success else _failures(result, dg)
    if failures:
        for step, message in failures:
            console.print(f"[red]{step} failed.[/] {message}", markup=True, soft_wrap=True)
        console.print(f"The full log is in {log_path.name}, beside the warehouse.", soft_wrap=True)
        raise typer.Exit(1)
    _summarize(settings, job_name, progress, time.monotonic() - started_at, former_facts)


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


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Refuse to start while another command is at work on the same warehouse.

    The operating system lets go of the lock when a command ends, however it ends.
    """
    lock = FileLock(settings.folder / ".regulars.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise RegularsError(
            f"another `regulars` command is at work on {settings.warehouse_path.name}; wait for it "
            "to end, or give this one a warehouse of its own with REGULARS_WAREHOUSE"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _dagster_instance() -> Iterator[dg.DagsterInstance]:
    import dagster as dg

    if os.environ.get("DAGSTER_HOME"):
        with dg.DagsterInstance.get() as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance


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
            found.append((event.step_key, known.message.partition(": ")[2].strip()))
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.event_specific_data
            if not evaluation.passed:
                found.append((f"check {evaluation.check_name}", evaluation.description or ""))
    return found


def _own_error(error: Any) -> Any:
    """The first error in the chain that is ours, hence written to be read."""
    while error is not None:
        if error.cls_name and error.cls_name.rpartition(".")[2] in WRITTEN_TO_BE_READ:
            return error
        error = error.cause
    return None


def _summarize(
    settings: Settings,
    job_name: str,
    progress: BarProgress,
    seconds: float,
    former_facts: dict[str, Decimal | None],
) -> None:
    """Rows, metrics, facts that moved, where things are, and what the time went into."""
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = REPORT_WIDTH
    if job_name in JOBS_WITH_MARTS:
        with open_warehouse(settings.warehouse_path, read_only=True) as connection:
            ((as_of_date,),) = connection.execute(
                "select as_of_date from marts.build_info"
            ).fetchall()
            rows = [
                (schema, name, count)
                for (schema, name), count in count_rows(connection).items()
                if schema in SUMMARY_SCHEMAS
            ]
            metrics = connection.execute(
                """
                select purpose, is_champion, family, model_id, split, metric_name, metric_value,
                    lower_bound, upper_bound, baseline_name, baseline_value
                from marts.model_quality
                where purpose <> 'churn' or list_contains(?, split || ' ' || metric_name)
                order by purpose, is_champion desc, family, model_id, split desc, metric_name
                """,
                [SUMMARY_CHURN_METRICS],
            ).fetchall()
            ((verdict,),) = connection.execute("select verdict from marts.churn_verdict").fetchall()
            facts = read_data_facts(connection)
        table = Table(title=f"Rows, as of {as_of_date}", title_justify="left", box=None)
        for name in ("schema", "table"):
            table.add_column(name)
        table.add_column("rows", justify="right")
        for schema, name, count in rows:
            table.add_row(schema, name, f"{count:,}")
        out.print(table)
        quality = Table(title="\nModels", title_justify="left", box=None)
        for name in ("model", "split", "metric"):
            quality.add_column(name)
        for name in ("value", "band", "best simple rule"):
            quality.add_column(name, justify="right")
        for (_, champion, _, model_id), rows_of_model in groupby(metrics, itemgetter(0, 1, 2, 3)):
            said = [model_id, "  champion" if champion else ""]
            for split, metric, value, low, high, rule, rule_value in (
                row[4:] for row in rows_of_model
            ):
                quality.add_row(
                    said.pop(0) if said else "",
                    split,
                    metric,
                    f"{value:.4f}",
                    f"{low:.4f} to {high:.4f}" if low is not None else "",
                    f"{rule} {rule_value:.4f}" if rule else "",
                )
        out.print(quality)
        out.print(verdict)
        for part in describe_data_facts(compare_data_facts(facts, former_facts)):
            out.print(part)
    out.print("\nTime")
    for step, took in progress.seconds.items():
        out.print(f"  {step:<24} {took:6.1f} s")
    out.print(f"  {'in all':<24} {seconds:6.1f} s")
    if (settings.site_dir / "index.html").exists():
        out.print(f"\nReport:    {settings.site_dir / 'index.html'}", soft_wrap=True)
    if (settings.published_dir / "regulars.duckdb").exists():
        out.print(f"For BI:    {settings.published_dir / 'regulars.duckdb'}", soft_wrap=True)


def describe_data_facts(comparison: FactComparison) -> list[str | Table]:
    """What a build says of the data facts: a sentence, and tables of what is different."""
    return [
        f"\n{comparison.sentence}",
        *_describe_differences("Not as published", "expected", comparison.moved),
        *_describe_differences("Changed since the last build", "before", comparison.changed),
    ]


def _describe_differences(
    title: str, other: str, differences: Sequence[Difference]
) -> list[str | Table]:
    if not differences:
        return []
    table = Table(box=None)
    table.add_column("fact")
    for name in (other, "found"):
        table.add_column(name, justify="right")
    for difference in differences[:MOST_FACTS_SHOWN]:
        table.add_row(difference.fact, _figure(difference.other), _figure(difference.found))
    left_out = len(differences) - MOST_FACTS_SHOWN
    rest = [f" and {left_out} more in marts.data_facts"] if left_out > 0 else []
    # No title of the table's own: it would be broken to the width of a narrow table.
    return [title, table, *rest]


def _figure(value: Decimal | None) -> str:
    """A figure without the zeros that its type adds, save those of cents."""
    if value is None:
        return ""
    whole, _, decimals = f"{value:,.4f}".rstrip("0").partition(".")
    return f"{whole}.{decimals:<02}" if decimals else whole


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
    _run_job("whole_build")


@app.command()
def load(data_dir: DataDir = None, max_rejected_rows: Rejects = None) -> None:
    """Load the raw files into schema raw: all of them or none."""
    _set("REGULARS_DATA_DIR", data_dir)
    _set("REGULARS_MAX_REJECTED_ROWS", max_rejected_rows)
    _run_job("load")


@app.command()
def fit(
    purpose: Annotated[
        Purpose | None, typer.Option(help="Fit the models of one purpose; all if not given.")
    ] = None,
    quick_study: QuickStudy = False,
) -> None:
    """Fit the models on the features that are there, and choose champions."""
    _set("REGULARS_QUICK_STUDY", 1 if quick_study else None)
    _run_job(f"fit_{purpose.value}" if purpose else "fit")


@app.command()
def score() -> None:
    """Score everybody from the features and models that are there, and build the marts."""
    _run_job("score")


@app.command()
def report() -> None:
    """Build the report from the marts that are there."""
    _run_job("report")


@app.command()
def publish() -> None:
    """Publish the marts that are there for BI tools."""
    _run_job("publish")


@app.command()
def demo(
    orders: Annotated[int, typer.Option(min=100, help="Orders to generate.")] = DEFAULT_DEMO_ORDERS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same bytes.")] = (
        DEFAULT_DEMO_SEED
    ),
    out: Annotated[Path | None, typer.Option(help="Folder; demo/ beside the warehouse.")] = None,
    scenario: Annotated[
        str, typer.Option(help="Kind of shop: like_olist, or one with a planted answer (README).")
    ] = DEFAULT_DEMO_SCENARIO,
) -> None:
    """Generate the demo shop: nine files like Olist's, and the truth behind them."""
    from ml.demo import find_scenario
    from orchestration.demo_shop import make_demo_shop

    try:
        find_scenario(scenario)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from error
    settings = Settings.from_environment()
    folder = out or settings.demo_dir
    folder.parent.mkdir(parents=True, exist_ok=True)
    settings.folder.mkdir(parents=True, exist_ok=True)
    with _only_one(settings), _progress() as progress:
        progress.begin("demo shop", orders)

        def advance(done: int, wanted: int) -> None:
            if progress.task is not None:
                progress.bars.update(
                    progress.task, completed=done, message=f"{done:,} of {wanted:,} orders"
                )

        make_demo_shop(folder, order_count=orders, seed=seed, scenario=scenario, progress=advance)
    Console(highlight=False).print(f"{orders:,} orders in {folder}", soft_wrap=True)


@models.command("list")
def list_models(
    purpose: Annotated[
        Purpose | None, typer.Option(help="Models of one purpose; all if not given.")
    ] = None,
) -> None:
    """Every model that was fitted: how good it is, its status, and why."""
    from ml import store
    from orchestration.models_cli import describe_models

    with _registry() as connection:
        found = store.read_models(connection, purpose.value if purpose else None)
    _print_parts(describe_models(found))


@models.command("show")
def show_model(model_id: ModelId) -> None:
    """All that the warehouse knows of one model: settings, dates, metrics, history."""
    from ml import store
    from orchestration.models_cli import describe_model

    with _registry() as connection:
        model = store.read_model(connection, model_id)
        history = store.read_champion_history(connection, model_id)
    _print_parts(describe_model(model, history))


@models.command("promote")
def promote_model(
    model_id: ModelId,
    reason: Annotated[str, typer.Option(help="Why, for the registry.")] = "promoted by hand",
) -> None:
    """Make a model the champion of its purpose."""
    from ml import store

    with _registry(read_only=False) as connection:
        former = store.promote(connection, model_id, reason)
        refusal = store.read_model(connection, model_id).verdict
    instead = f" in place of {former}" if former else ""
    said = [f"{model_id} is champion{instead}."]
    if refusal != "passed":
        said.append(f"No fit would choose it: {refusal}.")
    _print_parts([*said, AFTER_A_CHANGE])


@models.command("rollback")
def roll_back_champion(
    purpose: Annotated[Purpose, typer.Option(help="Of which the champion is to go.")],
) -> None:
    """Make the former champion of a purpose champion again."""
    from ml import store

    with _registry(read_only=False) as connection:
        champion, rolled_back = store.roll_back(connection, purpose.value)
    _print_parts(
        [
            f"{champion} is champion again; {rolled_back} was rolled back.",
            f"No fit makes that one champion again; `regulars models promote {rolled_back}` does.",
            AFTER_A_CHANGE,
        ]
    )


@contextlib.contextmanager
def _registry(*, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, for a command that reads the registry, or alone changes it."""
    from ml.store import StoreError

    settings = Settings.from_environment()
    if not settings.warehouse_path.exists():
        raise WarehouseError(
            f"there is no warehouse at {settings.warehouse_path}; run `regulars build` first"
        )
    try:
        with (
            contextlib.nullcontext() if read_only else _only_one(settings),
            open_warehouse(settings.warehouse_path, read_only=read_only) as connection,
        ):
            yield connection
    except StoreError as error:
        raise RegularsError(str(error)) from error


def _print_parts(parts: Sequence[str | Table]) -> None:
    """Sentences, which a terminal may break, and tables, which need to know its width."""
    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out.width = MODELS_WIDTH
    for part in parts:
        out.print(part, soft_wrap=isinstance(part, str))


def main() -> None:
    """Run the command; an error that a person can act on is printed as a sentence."""
    try:
        app()
    except RegularsError as error:
        console.print(f"[red]Error:[/] {error}", soft_wrap=True)
        sys.exit(1)

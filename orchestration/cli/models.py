"""`regulars models`: what it says of the registry, and how it changes champions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration.cli.checking import check_warehouse, check_writable
from orchestration.cli.options import Purpose
from orchestration.cli.summary import Line, print_lines
from orchestration.errors import RegularsError
from orchestration.locking import hold_lock
from orchestration.settings import Settings
from orchestration.warehouse_file import open_warehouse

if TYPE_CHECKING:
    import duckdb

    from ml.figures import Metric
    from ml.store.champions import ChampionChange
    from ml.store.registry import RegistryRow

models = typer.Typer(
    help="The registry of models, and which one is champion.", no_args_is_help=True
)
Part = str | Line | Table
MODELS_WIDTH = 200  # of what is said of models, where there is no terminal to ask
ModelId = Annotated[str, typer.Argument(help="As `regulars models list` shows it.")]
NO_MODEL = "There is no model yet; `regulars build` fits some."
AFTER_A_CHANGE = (
    "The marts still have the former scores. Next: `regulars score` (or `dbt run`), "
    "then `regulars publish` and `regulars report`."
)


@models.command("list")
def list_models(
    purpose: Annotated[
        Purpose | None, typer.Option(help="Models of one purpose; all if not given.")
    ] = None,
) -> None:
    """Every model that was fitted: how good it is, its status, and why."""
    from ml.store.registry import has_registry, read_models

    with _registry() as connection:
        purpose_name = purpose.value if purpose else None
        rows = read_models(connection, purpose_name) if has_registry(connection) else []
    _print_parts(describe_models(rows))


@models.command("show")
def show_model(model_id: ModelId) -> None:
    """All that the warehouse knows of one model: settings, dates, metrics, history."""
    from ml.store.champions import read_champion_history
    from ml.store.registry import read_model

    with _registry() as connection:
        _require_registry(connection)
        model = read_model(connection, model_id)
        history = read_champion_history(connection, model_id)
    _print_parts(describe_model(model, history))


@models.command("promote")
def promote_model(
    model_id: ModelId,
    reason: Annotated[str, typer.Option(help="Why, for the registry.")] = "promoted by hand",
) -> None:
    """Make a model the champion of its purpose."""
    from ml.store.champions_by_hand import promote
    from ml.store.registry import read_model

    with _registry(read_only=False) as connection:
        _require_registry(connection)
        former = promote(connection, model_id, reason)
        model = read_model(connection, model_id)
    instead = f" in place of {former}" if former else ""
    sentences = [f"{model_id} is champion{instead}."]
    if not model.is_passed:
        sentences.append(f"No fit would choose it: {model.verdict}.")
    _print_parts([*sentences, AFTER_A_CHANGE])


@models.command("rollback")
def roll_back_champion(
    purpose: Annotated[Purpose, typer.Option(help="Of which the champion is to go.")],
) -> None:
    """Make the former champion of a purpose champion again."""
    from ml.store.champions_by_hand import roll_back

    with _registry(read_only=False) as connection:
        _require_registry(connection)
        champion, rolled_back = roll_back(connection, purpose.value)
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
    from ml.store.connection import StoreError

    settings = Settings.from_environment()
    check_warehouse(settings.warehouse_path)
    if not read_only:
        check_writable(settings.warehouse_path)
    try:
        with (
            contextlib.nullcontext() if read_only else hold_lock(settings.warehouse_path),
            open_warehouse(settings.warehouse_path, read_only=read_only) as connection,
        ):
            yield connection
    except StoreError as error:
        raise RegularsError(str(error)) from error


def _require_registry(connection: duckdb.DuckDBPyConnection) -> None:
    from ml.store.registry import has_registry

    if not has_registry(connection):
        raise RegularsError(NO_MODEL[0].lower() + NO_MODEL[1:])


def _print_parts(parts: Sequence[Part]) -> None:
    """Sentences, labelled lines, which are broken between words, and tables."""
    out = Console(highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = MODELS_WIDTH
    for part in parts:
        if isinstance(part, tuple):
            print_lines(out, [part])
        else:
            out.print(part, soft_wrap=isinstance(part, str))


def describe_models(models: Sequence[RegistryRow]) -> list[Part]:
    """Each model with its status, how good it is, the verdict, and why it has its status.

    Lines, not a table: one with all of this is wider than a terminal, and would cut the ids.
    """
    if not models:
        return [NO_MODEL]
    parts: list[Part] = []
    for model in models:
        figures = [
            ("", _deciding(model)),
            *_tested(model),
        ]
        fitted = f"{model.as_of_date}, trained {model.trained_at:%Y-%m-%d %H:%M} UTC"
        parts += [
            model.model_id,
            ("  status", f"{model.status} of {model.purpose}: {model.family} as of {fitted}"),
            ("  figures", "; ".join(name + figure for name, figure in figures if figure) or "none"),
            ("  verdict", describe_verdict(model)),
            ("  why", model.status_reason),
        ]
    return parts


def describe_model(model: RegistryRow, history: Sequence[ChampionChange]) -> list[Part]:
    """All that the warehouse knows of one model but its parameters."""
    facts = _table("", "")
    facts.show_header = False
    for name, value in (
        ("purpose", model.purpose),
        ("family", model.family),
        ("status", model.status),
        ("why", model.status_reason),
        ("verdict", describe_verdict(model)),
        ("as of", str(model.as_of_date)),
        (
            "trained at",
            f"{model.trained_at:%Y-%m-%d %H:%M:%S} UTC, by Regulars {model.code_version}",
        ),
        ("evidence", _evidence(model)),
        ("fitted on", _fitted(model)),
        ("parameters", f"{model.parameter_count:,}"),
        ("scored by", model.scored_by or ""),
    ):
        facts.add_row(name, value)
    settings = _table("setting", "value")
    for name, value in model.settings.items():
        settings.add_row(name, str(value))
    metrics = _table("split", "metric", "value (95 % band)", "best baseline")
    for metric in model.metrics:
        rule = f"{metric.baseline_name} {metric.baseline_value:.4f}" if metric.baseline_name else ""
        metrics.add_row(metric.split, metric.metric_name, _with_band(metric), rule)
    parts: list[Part] = [model.model_id, facts, "\nSettings", settings]
    parts += ["\nMetrics", metrics] if model.metrics else ["\nNo metrics."]
    parts += ["\nHistory", *_history(history)] if history else ["\nIt was never champion."]
    return parts


def describe_verdict(model: RegistryRow) -> str:
    """Why it cannot be champion; if it can, whether it beats the best baseline."""
    if model.status == "not_eligible":
        return "not eligible"
    gain = _gain(model)
    if not model.is_passed or gain is None or gain.lower_bound is None:
        return model.verdict
    return f"{'beats' if gain.lower_bound > 0 else 'does not beat'} the best baseline"


def _table(*columns: str) -> Table:
    table = Table(box=None, title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")  # never cut, however narrow the terminal is
    return table


def _gain(model: RegistryRow) -> Metric | None:
    """By how much it is better than the best baseline on its test, above 0 if it is."""
    from ml.purposes import PURPOSES

    purpose = PURPOSES.get(model.purpose)
    if purpose is None or purpose.test_metric is None:
        return None
    return model.find_metric(purpose.test_metric.split, purpose.test_metric.gain_name)


def _tested(model: RegistryRow) -> list[tuple[str, str]]:
    """The figure of its test and the gain, each with what it is called; none without a test."""
    from ml.purposes import PURPOSES

    purpose = PURPOSES.get(model.purpose)
    if purpose is None or purpose.test_metric is None:
        return []
    metric = purpose.test_metric
    return [
        (f"test {metric.label} ", _with_band(model.find_metric(metric.split, metric.name))),
        ("gain on the best baseline ", _with_band(_gain(model), "+.4f")),
    ]


def _deciding(model: RegistryRow) -> str:
    from ml.purposes import PURPOSES

    purpose = PURPOSES.get(model.purpose)
    if purpose is None:
        return f"the purpose {model.purpose} is not installed"
    deciding = purpose.deciding_metric
    metric = model.find_metric(deciding.split, deciding.name)
    return f"{deciding.split} {deciding.name} {metric.metric_value:.4f}" if metric else ""


def _with_band(metric: Metric | None, form: str = ".4f") -> str:
    if metric is None:
        return ""
    value = format(metric.metric_value, form)
    if metric.lower_bound is None or metric.upper_bound is None:
        return value
    return f"{value} ({format(metric.lower_bound, form)} to {format(metric.upper_bound, form)})"


def _evidence(model: RegistryRow) -> str:
    if model.test_date is None:
        return "of its study" if "study_id" in model.settings else ""
    training = ", ".join(model.settings.get("training_dates", []))
    window = f"labels of {model.label_window_days} days"
    return f"trained on {training}, judged at {model.test_date}, {window}"


def _fitted(model: RegistryRow) -> str:
    dates = ", ".join(model.settings.get("fitted_dates", [])) or str(model.as_of_date)
    return f"{model.row_count:,} rows as of {dates}, {model.feature_count} features"


def _history(changes: Sequence[ChampionChange]) -> list[Part]:
    parts: list[Part] = []
    for change in changes:
        instead = f"in place of {change.former_model_id or 'none'}"
        parts += [
            (f"  {change.action}", f"{change.changed_at:%Y-%m-%d %H:%M} UTC: {change.reason}"),
            (" ", f"{change.model_id or 'none'} {instead}"),
        ]
    return parts

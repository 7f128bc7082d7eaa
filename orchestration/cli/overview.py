"""What a warehouse holds, in a few figures and sentences: for the summary and for `status`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.errors import WarehouseError
from orchestration.loading.finding import counted
from orchestration.settings import Settings, parsed_dir

if TYPE_CHECKING:
    from ml.purpose import Purpose
    from ml.store.registry import RegistryRow

MAX_FINDINGS_SHOWN = 2
# What dbt calls results that are none, and those that stop a build.
FAILED = ("fail", "error", "runtime error")


@dataclass(frozen=True)
class Overview:
    """What a warehouse holds; None where it does not say.

    Attributes:
        source: whose files it was loaded from, in words.
        loaded_at: when its files were loaded last, UTC.
        as_of_date: nothing from this day on is known to the marts.
        currency_code: of all money.
        customer_count: people with a valid order before the as-of date.
        order_count: their valid orders.
        revenue: what they paid for them.
        repeat_share: of these people, those with more than one order; 0 to 1.
        champions: a sentence for each purpose.
        passed_count: tests that passed when they last ran.
        failed_tests: names of those that did not.
        missing_count: tests of the project that have not run; None where that is not known.
        findings: what is odd about the input, the most important first.
    """

    source: str | None
    loaded_at: datetime | None
    as_of_date: date | None
    currency_code: str | None
    customer_count: int | None
    order_count: int | None
    revenue: Decimal | None
    repeat_share: float | None
    champions: dict[str, str]
    passed_count: int
    failed_tests: tuple[str, ...]
    missing_count: int | None
    findings: tuple[str, ...]

    @property
    def customers(self) -> str:
        """How many people, and what that means."""
        if self.customer_count is None:
            return "none yet; `regulars build` makes the marts"
        return f"{self.customer_count:,} with a valid order"

    @property
    def money(self) -> str:
        """Revenue with its currency."""
        return f"{self.currency_code or ''} {self.revenue or 0:,.2f}".strip()

    @property
    def tests(self) -> str:
        """How many tests passed, and which did not."""
        if not self.passed_count and not self.failed_tests:
            return "none has run; `regulars build` or `dbt test` runs them"
        sentence = f"{self.passed_count:,} passed"
        if self.failed_tests:
            named = ", ".join(self.failed_tests[:3])
            rest = len(self.failed_tests) - 3
            more = f" and {rest} more, see raw.test_log" if rest > 0 else ""
            sentence += f", {len(self.failed_tests):,} failed ({named}{more})"
        else:
            sentence += ", none failed"
        return sentence + (f", {self.missing_count:,} not run" if self.missing_count else "")

    @property
    def findings_shown(self) -> list[str]:
        """The most important findings, and how many more there are."""
        shown = list(self.findings[:MAX_FINDINGS_SHOWN])
        rest = len(self.findings) - len(shown)
        if rest > 0:
            shown.append(f"{rest:,} more: raw.input_findings, or the report's page on data quality")
        return shown


def read_overview(connection: duckdb.DuckDBPyConnection) -> Overview:
    """Read what is there; a warehouse that is only loaded, or an earlier version's, has less."""
    info = _row(connection, "select as_of_date, currency_code from marts.build_info")
    source = _row(connection, "select source_description, loaded_at from raw.load_source")
    loaded = _row(connection, "select max(loaded_at) from raw.load_log")
    shop = _row(
        connection,
        "select count(*), sum(frequency), sum(monetary_amount), avg((frequency > 1)::int) "
        "from marts.customer_rfm",
    )
    passed, failed, ran = _read_tests(connection)
    project_tests = _project_tests()
    return Overview(
        source=source[0] if source else None,
        loaded_at=source[1] if source else (loaded[0] if loaded else None),
        as_of_date=info[0] if info else None,
        currency_code=info[1] if info else None,
        customer_count=shop[0] if shop else None,
        order_count=int(shop[1] or 0) if shop else None,
        revenue=shop[2] if shop else None,
        repeat_share=shop[3] if shop else None,
        champions=read_champions(connection),
        passed_count=passed,
        failed_tests=failed,
        missing_count=None if project_tests is None else len(project_tests - ran),
        findings=read_findings(connection),
    )


def read_champions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A sentence for each purpose: its champion and verdict, or why it has none."""
    from ml.purposes import PURPOSES
    from ml.store.connection import StoreError
    from ml.store.registry import has_registry, read_models

    purposes = sorted(PURPOSES)
    if not has_registry(connection):
        return dict.fromkeys(purposes, "no model yet; `regulars build` fits some.")
    try:
        models = read_models(connection)
    except StoreError as error:
        return dict.fromkeys(purposes, f"unknown: {error}.")
    # By purpose, champions first.
    first = {model.purpose: model for model in reversed(models)}
    return {
        purpose: _describe(connection, first[purpose])
        if purpose in first
        else _describe_lack(connection, purpose)
        for purpose in purposes
    }


def read_findings(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """What is odd about the input: a sentence each, in the order of the load.

    It looks at dates first, then at tables, columns and keys, then at single values.
    """
    rows = _rows(
        connection,
        "select concat_ws(' ', message, remedy) from raw.input_findings order by rowid",
    )
    return tuple(str(message) for (message,) in rows)


def _describe(connection: duckdb.DuckDBPyConnection, model: RegistryRow) -> str:
    if model.status == "not_eligible":
        return f"no model: {model.status_reason}."
    if model.status != "champion":
        return "no champion; `regulars models list` says why."
    return _describe_champion(connection, model)


def _describe_lack(connection: duckdb.DuckDBPyConnection, purpose: str) -> str:
    from ml.purposes import PURPOSES

    needed = PURPOSES[purpose].min_customer_count
    people = _row(
        connection,
        "select count(*) from features.customer_feature_snapshots "
        "where as_of_date = (select max(as_of_date) from features.as_of_dates)",
    )
    if people is not None and people[0] < needed:
        return f"no model: {counted(people[0], 'customer')}, expected at least {needed}."
    return f"no model yet; `regulars fit --purpose {purpose}` fits one."


def _describe_champion(connection: duckdb.DuckDBPyConnection, model: RegistryRow) -> str:
    """How good it is, and the verdict on it."""
    from ml.purposes import PURPOSES

    purpose = PURPOSES.get(model.purpose)
    if purpose is None:
        return f"{model.model_id}: the package that brings {model.purpose} is not installed."
    figures = _describe_figures(connection, purpose, model)
    if purpose.verdict_table is None:
        passed = "it reaches every acceptance threshold."
        verdict = passed if model.is_passed else model.verdict
        return f"{model.model_id}: {'; '.join(filter(None, [figures, verdict]))}"
    schema, table = purpose.verdict_table
    scored = _row(connection, f"select model_id, verdict from {schema}.{table}")
    verdict = "The marts have another one; `regulars score` is next."
    if scored is not None and scored[0] == model.model_id:
        verdict = scored[1]
    return f"{model.model_id}: {'. '.join(filter(None, [figures, verdict]))}"


def _describe_figures(
    connection: duckdb.DuckDBPyConnection, purpose: Purpose, model: RegistryRow
) -> str:
    """How many groups it makes, if it makes some, and the figure that says how good it is."""
    figures = []
    if purpose.predicts == "group":
        ((count,),) = connection.execute(
            "select count(distinct component_id) from ml.model_parameters where model_id = ?",
            [model.model_id],
        ).fetchall()
        figures.append(f"{count} {purpose.label.lower()}")
    headline = purpose.headline_metric
    metric = model.find_metric(headline.split, headline.name)
    if metric is not None:
        figure = f"{headline.label} {metric.metric_value:.3f}"
        if metric.lower_bound is not None:
            figure += f" ({metric.lower_bound:.3f} to {metric.upper_bound:.3f})"
        if purpose.test_metric is not None:
            figure += f" as of {model.test_date or 'a later date'}"
        figures.append(figure)
    return ", ".join(figures)


def _read_tests(connection: duckdb.DuckDBPyConnection) -> tuple[int, tuple[str, ...], set[str]]:
    """Tests that passed, names of those that failed, ids of all that ran."""
    rows = _rows(connection, "select test_id, test_name, status from raw.test_log order by all")
    failed = tuple(name for _, name, status in rows if status in FAILED)
    return len(rows) - len(failed), failed, {test_id for test_id, _, _ in rows}


def _project_tests() -> set[str] | None:
    """Ids of the tests that a build runs; None before dbt has parsed the project."""
    manifest = parsed_dir(Settings.from_environment().source) / "manifest.json"
    try:
        nodes: dict[str, Any] = json.loads(manifest.read_bytes())["nodes"]
    except (OSError, ValueError, KeyError):
        return None
    return {
        name
        for name, node in nodes.items()
        if name.startswith("test.") and node.get("config", {}).get("enabled", True)
    }


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...] | None:
    rows = _rows(connection, query)
    return rows[0] if rows else None


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Sequence[tuple[Any, ...]]:
    """The rows of a query, none where the warehouse does not have its table yet.

    Raises:
        WarehouseError: it has the table of an earlier version, without a column.
    """
    try:
        return connection.execute(query).fetchall()
    except duckdb.CatalogException:
        return []
    except duckdb.BinderException as error:
        first = str(error).splitlines()[0]
        raise WarehouseError(
            f"the warehouse was built by an earlier version ({first}); run `regulars build`"
        ) from error

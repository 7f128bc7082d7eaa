"""What a command says when all went well."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.table import Table

from orchestration.cli.progress import BarProgress
from orchestration.data_facts import (
    Difference,
    FactComparison,
    compare_data_facts,
    read_data_facts,
)
from orchestration.resources import Settings, count_rows, open_warehouse

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
SUMMARY_SCHEMAS = ("raw", "canonical", "features", "marts")
# Jobs that build marts, hence those that have rows, models and facts to tell of.
JOBS_WITH_MARTS = ("whole_build", "score")
REPORT_WIDTH = 132  # of the summary, where there is no terminal to ask
MOST_FACTS_SHOWN = 15


def summarize(
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

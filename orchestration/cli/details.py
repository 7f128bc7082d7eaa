"""All that a build found, for `--verbose` and for build.log."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

import duckdb
from rich.console import Console
from rich.table import Table

from ml.purposes import PURPOSES
from orchestration.data_warnings import WarningComparison
from orchestration.marts import MART_SCHEMAS
from orchestration.warehouse_file import count_all_rows

DETAILED_SCHEMAS = ("raw", "canonical", "features", *MART_SCHEMAS)
DETAILS_WIDTH = 132
MAX_CHANGES_SHOWN = 15


def describe_details(
    connection: duckdb.DuckDBPyConnection | None,
    warnings: WarningComparison | None,
    seconds: Mapping[str, float],
) -> str:
    """Rows of every table, metrics of every model, what changed in the data, and times of steps.

    Args:
        connection: to the marts; None where the command builds none.
        warnings: of the marts, compared with the last build's.
        seconds: what each step took.
    """
    text = io.StringIO()
    out = Console(file=text, highlight=False, markup=False, emoji=False, width=DETAILS_WIDTH)
    if connection is not None and warnings is not None:
        out.print(_row_counts(connection))
        out.print(_metrics(connection))
        for part in describe_data_warnings(warnings):
            out.print(part)
    out.print("\nTime")
    for step, took in seconds.items():
        out.print(f"  {step:<24} {took:6.1f} s")
    return text.getvalue()


def _row_counts(connection: duckdb.DuckDBPyConnection) -> Table:
    ((as_of_date,),) = connection.execute("select as_of_date from marts.build_info").fetchall()
    table = Table(title=f"Rows, as of {as_of_date}", title_justify="left", box=None)
    for name in ("schema", "table"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    for (schema, name), count in count_all_rows(connection).items():
        if schema in DETAILED_SCHEMAS:
            table.add_row(schema, name, f"{count:,}")
    return table


def _metrics(connection: duckdb.DuckDBPyConnection) -> Table:
    # Of purposes with many figures, those that matter first; marts.model_quality has all.
    chosen = {
        purpose.name: purpose.main_metrics for purpose in PURPOSES.values() if purpose.main_metrics
    }
    metrics = connection.execute(
        """
        select purpose, is_champion, family, model_id, split, metric_name, metric_value,
            lower_bound, upper_bound, baseline_name, baseline_value
        from marts.model_quality
        where not list_contains($purposes, purpose)
            or list_contains($metrics, concat_ws(' ', purpose, split, metric_name))
        order by purpose, is_champion desc, family, model_id, split desc, metric_name
        """,
        {
            "purposes": list(chosen),
            "metrics": [
                " ".join([purpose, *metric])
                for purpose, metrics in chosen.items()
                for metric in metrics
            ],
        },
    ).fetchall()
    quality = Table(title="\nModels", title_justify="left", box=None)
    quality.add_column("model", no_wrap=True)
    for name in ("split", "metric"):
        quality.add_column(name)
    for name in ("value", "band", "best baseline"):
        quality.add_column(name, justify="right")
    for (_, champion, _, model_id), rows_of_model in groupby(metrics, itemgetter(0, 1, 2, 3)):
        cells = [model_id, "  champion" if champion else ""]
        for split, metric, value, low, high, rule, rule_value in (row[4:] for row in rows_of_model):
            quality.add_row(
                cells.pop(0) if cells else "",
                split,
                metric,
                f"{value:.4f}",
                f"{low:.4f} to {high:.4f}" if low is not None else "",
                f"{rule} {rule_value:.4f}" if rule else "",
            )
    return quality


def describe_data_warnings(comparison: WarningComparison) -> list[str | Table]:
    """What a build says of the data: a sentence, and what changed since the last build."""
    parts: list[str | Table] = [f"\nData: {comparison.sentence}"]
    if not comparison.changes:
        return parts
    table = Table(box=None)
    table.add_column("warning")
    for name in ("before", "now"):
        table.add_column(name, justify="right")
    for change in comparison.changes[:MAX_CHANGES_SHOWN]:
        table.add_row(change.text, f"{change.before:,}", f"{change.now:,}")
    left_out = len(comparison.changes) - MAX_CHANGES_SHOWN
    rest = [f" and {left_out} more"] if left_out > 0 else []
    # No title of the table's own: it would be broken to the width of a narrow table.
    return [*parts, "Changed since the last build", table, *rest]

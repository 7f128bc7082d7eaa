"""First and last day with an order, those far from the others left aside, by the warehouse's rule.

The rule is SQL that dbt renders into ``features.data_range``: the macro ``usual_order_range``. It
is rendered here without dbt, which takes seconds to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import duckdb

from orchestration.loading.tables import PROJECT_FILE

MACROS = PROJECT_FILE.parent / "dbt_project" / "macros"
RULE = MACROS / "time" / "usual_order_range.sql"
DAYS_BETWEEN = MACROS / "portability" / "days_between.sql"


def usual_range(order_counts: Mapping[date, int], gap_days: int, share: float) -> tuple[date, date]:
    """First and last day with an order, those left aside that are dated far from the others.

    At either end, days beyond a gap without an order are left aside if they hold at most a share of
    all orders, or less than half of them beyond ten years or on one day that is a default for no
    date.

    Args:
        order_counts: orders of each day that has any, at least one day.
        gap_days: a gap is longer than this.
        share: of all orders, 0 to 1.

    Example:
        >>> days = {date(1970, 1, 1): 1, date(2018, 1, 1): 60, date(2018, 1, 2): 60}
        >>> [str(day) for day in usual_range(days, 180, 0.01)]
        ['2018-01-01', '2018-01-02']
    """
    query = f"""
        with order_days as (
            select unnest(?::date[]) as order_date, unnest(?::bigint[]) as order_count
        )
        select first_order_date, last_order_date from ({_rule_sql(gap_days, share)})
    """
    with duckdb.connect() as connection:
        ((first, last),) = connection.execute(
            query, [list(order_counts), list(order_counts.values())]
        ).fetchall()
    return first, last


@cache
def _rule_sql(gap_days: int, share: float) -> str:
    """SQL of the first and the last day of ``order_days``."""
    import jinja2

    jinja = jinja2.Environment(undefined=jinja2.StrictUndefined)
    macros = jinja.from_string(DAYS_BETWEEN.read_text(encoding="utf-8")).module
    variables = {"far_order_gap_days": gap_days, "far_order_share": share}
    jinja.globals.update(
        {"var": variables.__getitem__, "days_between": vars(macros)["duckdb__days_between"]}
    )
    rule: Any = jinja.from_string(RULE.read_text(encoding="utf-8")).module
    return str(rule.usual_order_range("order_days"))

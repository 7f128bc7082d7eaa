"""Every other date of a file: held against the dates of orders, and against its own order's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import duckdb

from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile, file_with
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL
from orchestration.loading.odd_dates import count_orders
from orchestration.loading.usual_range import usual_range

# Further away from every order no step of one is dated. (In real files a seller's time limit
# is 588 days behind the last order.)
FAR_DAYS = 1096
# A larger share of a step's dates before the purchase is said, of deliveries sooner. (In the real
# files carriers took over 166 of 99,441 orders, 0.17 %, before the purchase, and delivered none.)
MAX_SHARE_BEFORE_PURCHASE = 0.01
MAX_SHARE_DELIVERED_BEFORE = 0.0001


def find_odd_timestamps(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile], expectations: Expectations
) -> Iterator[Finding]:
    """Dates far from all orders, and steps of an order that precede its purchase.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.
        expectations: what counts as far among orders.

    Yields:
        A finding per column.
    """
    orders = file_with(files, "ordered_at")
    if orders is None:
        return
    ordered_at = orders.table.roles["ordered_at"]
    order_counts = count_orders(connection, orders, ordered_at)
    if not order_counts:
        return
    first, last = usual_range(
        order_counts, expectations.far_order_gap_days, expectations.far_order_share
    )
    for file in files:
        for column, kind in file.table.columns.items():
            if kind == "TIMESTAMP" and (file, column) != (orders, ordered_at):
                yield from _far(connection, file, column, first, last)
                if file is orders:
                    yield from _before_purchase(connection, file, column, ordered_at, first, last)


def _far(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str, first: date, last: date
) -> Iterator[Finding]:
    lower, upper = _shifted(first, -FAR_DAYS), _shifted(last, FAR_DAYS)
    position, value, count = _first(
        connection, file, column, f"value < date '{lower}' or value > date '{upper}'"
    )
    if count:
        yield Finding(
            code="time_far_date",
            message=f"{{place}}: {value} is far away from all orders, which are of {first} to "
            f"{last}, as are the dates of {counted(count, 'row')} of the column.",
            remedy="Mend the dates, or leave the fields empty where there is none.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=count,
        )


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.min if days < 0 else date.max


def _before_purchase(
    connection: duckdb.DuckDBPyConnection,
    file: RawFile,
    column: str,
    ordered_at: str,
    first: date,
    last: date,
) -> Iterator[Finding]:
    is_usual = f"cast(\"{ordered_at}\" as date) between date '{first}' and date '{last}'"
    position, value, count = _first(
        connection, file, column, f'{is_usual} and value < "{ordered_at}"'
    )
    is_delivery = column == file.table.column_of("delivered_at")
    share = MAX_SHARE_DELIVERED_BEFORE if is_delivery else MAX_SHARE_BEFORE_PURCHASE
    ((total,),) = connection.execute(
        f'select count("{column}") from raw.{file.table.name}'
    ).fetchall()
    if count > share * total:
        yield Finding(
            code="step_before_purchase",
            message=f"{{place}}: {value} is before the order was placed ({ordered_at}), as in "
            f"{count:,} of {counted(total, 'order')} that have such a date.",
            remedy="Mend the dates: day and month may be swapped, or two columns.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=count,
        )


def _first(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str, condition: str
) -> tuple[int | None, str | None, int]:
    """Position and value of the first row that meets a condition, and how many do."""
    return connection.execute(
        f"""
        select min(position), cast(arg_min(value, position) as varchar), count(*) from (
            select *, {POSITION_SQL} as position, "{column}" as value from raw.{file.table.name}
        )
        where {condition}
        """
    ).fetchall()[0]

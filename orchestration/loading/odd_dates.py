"""The dates of orders: held against the as-of date, and against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import duckdb

from orchestration.errors import InputError
from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL
from orchestration.loading.usual_range import usual_range

# A larger share of the orders before the usable window is said.
MAX_SHARE_BEFORE_WINDOW = 0.05
# A larger share of the orders on or after the as-of date is said.
MAX_SHARE_AFTER = 0.01
# So many orders that are far away are named one by one.
MAX_FAR_ORDERS = 20
SETTINGS = "--as-of or REGULARS_AS_OF_DATE"


def count_orders(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str
) -> dict[date, int]:
    """Orders of each day that has any, by the column of their dates."""
    return dict(
        connection.execute(
            f'select cast("{column}" as date), count(*) from raw.{file.table.name} '
            f'where "{column}" is not null group by 1'
        ).fetchall()
    )


def find_odd_dates(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[RawFile],
    expectations: Expectations,
) -> Iterator[Finding]:
    """Hold the dates of orders against the as-of date, the usable window and each other.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.
        expectations: the as-of date, the window, and what counts as far.

    Yields:
        Findings about the range of time.

    Raises:
        InputError: no order is dated before the as-of date, or that date is before the window.
    """
    for file in files:
        column = file.table.column_of("ordered_at")
        if column is None:
            continue
        order_counts = count_orders(connection, file, column)
        if not order_counts:
            continue
        far = (expectations.far_order_gap_days, expectations.far_order_share)
        first, last = usual_range(order_counts, *far)
        _refuse_other_years(file, column, first, last, expectations)
        before = {day: n for day, n in order_counts.items() if day < expectations.as_of_date}
        yield from _quiet(file, column, usual_range(before, *far)[1], expectations)
        yield from _after_as_of_date(connection, file, column, order_counts, last, expectations)
        yield from _far_orders(connection, file, column, first, last)
        yield from _before_window(file, column, before, first, expectations)


def _refuse_other_years(
    file: RawFile, column: str, first: date, last: date, expectations: Expectations
) -> None:
    as_of, window = expectations.as_of_date, expectations.window_start_date
    where = f"{file.path.name}, column {column}"
    if first >= as_of:
        raise InputError(
            f"{where}: expected orders before the as-of date {as_of}, but they are dated {first} "
            f"to {last}; set the as-of date, such as {last + timedelta(days=1)}, the day after "
            f"the last order: {SETTINGS}."
        )
    if as_of <= window:
        raise InputError(
            f"{where}: the as-of date {as_of} must be after the day on which the usable window "
            f"opens, {window}, and the orders are dated {first} to {last}; set the as-of date "
            f"({SETTINGS}), or REGULARS_WINDOW_START_DATE to {first.replace(day=1)}."
        )


def _quiet(file: RawFile, column: str, last: date, expectations: Expectations) -> Iterator[Finding]:
    days = (expectations.as_of_date - last).days
    if days > expectations.most_quiet_days:
        yield Finding(
            code="time_quiet_before_as_of_date",
            message=f"Everybody looks lost because the last order is {days:,} days before the "
            f"as-of date {expectations.as_of_date}: {file.path.name}, column {column}, ends on "
            f"{last}.",
            remedy=f"Build as of {last + timedelta(days=1)} ({SETTINGS}), or load the orders "
            "that are missing.",
            file=file,
            column_name=column,
            found_value=str(last),
            affected_count=days,
        )


def _after_as_of_date(
    connection: duckdb.DuckDBPyConnection,
    file: RawFile,
    column: str,
    order_counts: Mapping[date, int],
    last: date,
    expectations: Expectations,
) -> Iterator[Finding]:
    as_of, total = expectations.as_of_date, sum(order_counts.values())
    count = sum(n for day, n in order_counts.items() if as_of <= day <= last)
    if count <= MAX_SHARE_AFTER * total:
        return
    ((position, value),) = connection.execute(
        f"""
        select min(position), arg_min(value, position) from (
            select {POSITION_SQL} as position, "{column}" as value from raw.{file.table.name}
        )
        where cast(value as date) between ? and ?
        """,
        [as_of, last],
    ).fetchall()
    yield Finding(
        code="time_orders_after_as_of_date",
        message=f"{{place}}: the order is dated {value}, and {count:,} of "
        f"{counted(total, 'order')} ({count / total:.1%}) are dated on or after the as-of date "
        f"{as_of}; no figure counts them.",
        remedy=f"To count them, set the as-of date to {last + timedelta(days=1)}, the day after "
        f"the last order: {SETTINGS}.",
        file=file,
        column_name=column,
        position=position,
        found_value=str(value),
        affected_count=count,
    )


def _far_orders(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str, first: date, last: date
) -> Iterator[Finding]:
    rows = connection.execute(
        f"""
        select position, value from (
            select {POSITION_SQL} as position, "{column}" as value from raw.{file.table.name}
        )
        where cast(value as date) < ? or cast(value as date) > ?
        order by position
        """,
        [first, last],
    ).fetchall()
    for position, value in rows[:MAX_FAR_ORDERS]:
        yield Finding(
            code="time_far_order",
            message=f"{{place}}: the order is dated {value}, far away from the others, which are "
            f"of {first} to {last}.",
            remedy="Mend the date, or take the order out of the file.",
            file=file,
            column_name=column,
            position=position,
            found_value=str(value),
            affected_count=1,
        )
    rest = len(rows) - MAX_FAR_ORDERS
    if rest > 0:
        yield Finding(
            code="time_far_order",
            message=f"{file.path.name}, column {column}: {counted(rest, 'order')} more, dated far "
            f"away from the others, which are of {first} to {last}.",
            remedy="Mend the dates, or take the orders out of the file.",
            file=file,
            column_name=column,
            affected_count=rest,
        )


def _before_window(
    file: RawFile,
    column: str,
    before: Mapping[date, int],
    first: date,
    expectations: Expectations,
) -> Iterator[Finding]:
    window = expectations.window_start_date
    count = sum(n for day, n in before.items() if day < window)
    if count > MAX_SHARE_BEFORE_WINDOW * sum(before.values()):
        yield Finding(
            code="time_orders_before_window",
            message=f"{file.path.name}, column {column}: {counted(count, 'order')} of "
            f"{sum(before.values()):,} are dated before {window}, when the usable window opens; "
            "they count in every total, but no model learns from dates before it and the months "
            "in the report begin at it.",
            remedy=f"Set REGULARS_WINDOW_START_DATE to {first.replace(day=1)}.",
            file=file,
            column_name=column,
            found_value=str(first),
            affected_count=count,
        )

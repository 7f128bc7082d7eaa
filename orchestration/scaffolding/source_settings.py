"""What follows from a source's orders: dates, a label window, what a person has to look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import duckdb

from orchestration.loading.expectations import read_project_variables
from orchestration.loading.lists import listed_values
from orchestration.loading.usual_range import usual_range
from orchestration.scaffolding.source_files import File
from orchestration.scaffolding.source_tables import STAGED_NAMES, SourceGuess, stand_in_settings
from orchestration.sql_text import identifier, literal

MAX_STATUSES = 8


def find_settings(
    connection: duckdb.DuckDBPyConnection,
    orders: File,
    by_field: Mapping[str, str],
    notes: list[str],
) -> dict[str, object]:
    """The as-of date, the usable window and the label window, by the rules of mapped shops.

    Args:
        connection: with the tables of the files; gets a table ``raw.orders``.
        orders: the file of the orders.
        by_field: field to column of that file.
        notes: gets a sentence where there are no dates to go by.

    Returns:
        Settings as in ``source_defaults``.
    """
    from orchestration.loading.mapping.history import choose_label_window

    who = by_field.get("customer_id") or by_field.get("email")
    connection.execute("create schema raw")
    connection.execute(
        f"""
        create table raw.orders as
        select
            {identifier(who) if who else "cast(null as varchar)"} as customer_id,
            {_moment(orders, by_field.get("ordered_at"))} as ordered_at,
            true as is_valid_order
        from {orders.table}
        """
    )
    counts = connection.execute(
        "select cast(ordered_at as date), count(*) from raw.orders where ordered_at is not null "
        "group by all"
    ).fetchall()
    if not counts:
        notes.append(
            f"{orders.stem} has no dates of orders: as_of_date and window_start_date in "
            "dbt_project.yml are stand-ins, the day after the last order and the day of the first"
        )
        return stand_in_settings()
    variables = read_project_variables()
    first, last = usual_range(
        dict(counts), int(variables["far_order_gap_days"]), float(variables["far_order_share"])
    )
    end = last + timedelta(days=1)
    return {
        "as_of_date": end.isoformat(),
        "window_start_date": first.isoformat(),
        "churn_label_window_days": choose_label_window(connection, first, end).days,
    }


def _moment(orders: File, column: str | None) -> str:
    """SQL of when an order was placed."""
    if column is None:
        return "cast(null as timestamp)"
    written = orders.column(column).looked.date_format
    if written in {None, "iso"}:
        return f"try_cast({identifier(column)} as timestamp)"
    return f"try_strptime({identifier(column)}, {literal(str(written))})"


def note_statuses(
    connection: duckdb.DuckDBPyConnection, orders: File, column: str | None, notes: list[str]
) -> None:
    """Say which statuses no list knows: their orders would not be valid.

    Args:
        connection: with the tables of the files.
        orders: the file of the orders.
        column: that has the statuses, if any.
        notes: gets a sentence.
    """
    if column is None:
        return
    rows = connection.execute(
        f"select distinct {identifier(column)} from {orders.table} order by all"
    ).fetchall()
    listed_statuses = listed_values("order_statuses", "order_status")
    unknown = [
        str(value) for (value,) in rows if value and value.strip().lower() not in listed_statuses
    ]
    if unknown:
        shown = ", ".join(unknown[:MAX_STATUSES])
        more = f" and {len(unknown) - MAX_STATUSES} more" if len(unknown) > MAX_STATUSES else ""
        notes.append(
            f"{orders.stem}, column {column}: seeds/order_statuses.csv does not have "
            f"{shown}{more}, so that these orders would not count; add a row for each"
        )


def note_lacks(guess: SourceGuess, name: str) -> list[str]:
    """What no column was found for although marts are made of it, and which columns nothing reads.

    Args:
        guess: the source.
        name: its name.
    """
    orders, lines = guess.orders, guess.table("lines")
    needs = [
        (orders, ("order_id",), "the key of an order"),
        (orders, ("customer_id", "email"), "the person who ordered"),
        (orders, ("ordered_at",), "when an order was placed"),
        (lines, ("line_total", "unit_price"), "what a line costs"),
    ]
    notes = [
        f"no column of {table.file_stem} looks like {meaning}: call one "
        f"{STAGED_NAMES.get(fields[0], fields[0])} in stg_{name}__{table.name}.sql and give it to "
        "the conformed models"
        for table, fields, meaning in needs
        if table is not None and not any(table.has(field) for field in fields)
    ]
    if not orders.has("status"):
        notes.append(
            f"no column of {orders.file_stem} looks like a status, so that every order counts, "
            "canceled ones too: if one is, call it order_status in "
            f"stg_{name}__{orders.name}.sql, take `true as is_valid_order` out of "
            f"int_{name}__conform_orders.sql and add each status to seeds/order_statuses.csv"
        )
    unread = [
        f"{table.name}.{column.name}"
        for table in guess.tables
        for column in table.columns
        if column.field is None
    ]
    if unread:
        notes.append(
            f"nothing reads {', '.join(unread)}; where one is what a canonical table has, name it "
            f"so in dbt_project/models/staging/{name}/"
        )
    return notes

"""What is guessed beside the columns: currency, marks, dates, statuses, and rules for signs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import duckdb

from orchestration.loading.mapping.fields import TableName
from orchestration.loading.mapping.guess_time_zone import guess_time_zone
from orchestration.loading.mapping.guessing import ColumnGuess, split_statuses
from orchestration.loading.mapping.profile import Looked, distinct_values

DEFAULT_CURRENCY = "EUR"
MAX_STATUSES = 40


def most_frequent_code(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Looked], names: Sequence[str]
) -> str | None:
    """The currency that a column has most often; none where no column has a code."""
    for file in files:
        for name in names:
            if name in file.header:
                for value in distinct_values(connection, file, name, 1):
                    if len(value) == 3 and value.isalpha():
                        return value.upper()
    return None


def find_date_formats(
    files: Sequence[Looked], names: Sequence[str], unsure: list[str]
) -> list[str]:
    """The formats of columns of dates; where day and month could change places, that is said."""
    formats: list[str] = []
    for file in files:
        for column in file.columns:
            if column.name in names and column.date_format is not None:
                if column.date_format not in formats:
                    formats.append(column.date_format)
                if column.is_day_first_unsure:
                    unsure.append(
                        f"date_formats: {file.source.name}, column {column.name!r} is read by "
                        f"{column.date_format}: {column.date_reason}."
                    )
    return formats


def guess_marks(files: Sequence[Looked], names: Collection[str]) -> dict[str, str]:
    """The marks of numbers where they are not a point and none: keys of the mapping.

    Args:
        files: that have them.
        names: of columns of amounts.
    """
    numbers = [
        column
        for file in files
        for column in file.columns
        if column.name in names and column.stored == "VARCHAR"
    ]
    marks = {}
    if any(column.has_decimal_comma for column in numbers):
        marks["decimal_mark"] = ","
    if any(
        column.fraction_count < max(column.point_count, column.comma_count)
        and column.point_count != column.comma_count
        for column in numbers
    ):
        marks["thousands_mark"] = "." if "decimal_mark" in marks else ","
    return marks


def guess_settings(
    connection: duckdb.DuckDBPyConnection,
    value: dict[str, Any],
    guesses: Mapping[TableName, Mapping[str, ColumnGuess]],
    main: Sequence[Looked],
    unsure: list[str],
) -> None:
    """Currency, time zone, marks, dates, statuses, and where the order's columns stand."""
    orders = guesses.get("orders", {})
    names = [orders["currency"].column] if "currency" in orders else []
    currency = most_frequent_code(connection, main, names)
    value["currency"] = currency or DEFAULT_CURRENCY
    if currency is None:
        unsure.append(f"currency: no column has it; {DEFAULT_CURRENCY} is taken.")
    dated = [
        guess.column
        for columns in guesses.values()
        for name, guess in columns.items()
        if name in {"ordered_at", "paid_at"}
    ]
    value["time_zone"], zone_reason = guess_time_zone(connection, main, dated, value["currency"])
    unsure.append(zone_reason)
    value["date_formats"] = find_date_formats(main, dated, unsure) or ["iso"]
    amounts = {
        guess.column
        for columns in guesses.values()
        for name, guess in columns.items()
        if name.endswith(("amount", "price", "total"))
    }
    value.update(guess_marks(main, amounts))
    if "status" in orders:
        values = distinct_values(connection, main[0], orders["status"].column, MAX_STATUSES)
        valid, not_valid, unknown = split_statuses(values)
        value["orders"]["statuses"] = {"valid": valid or ["paid"], "not_valid": not_valid + unknown}
        if unknown:
            unsure.append(
                f"orders.statuses: {', '.join(unknown)} are unknown words and taken as not valid."
            )
    date_column = next((column for column in main[0].columns if column.name in dated), None)
    if (
        value["layout"] == "flat_lines"
        and date_column is not None
        and date_column.filled_count < 0.95 * date_column.row_count
    ):
        value["orders"]["stand_on"] = "first_line"
        unsure.append(
            f"orders.stand_on: {date_column.name!r} is empty on "
            f"{date_column.row_count - date_column.filled_count:,} rows, so the order's columns "
            "are taken to stand on its first line."
        )


def guess_signs(
    value: dict[str, Any],
    guesses: Mapping[TableName, Mapping[str, ColumnGuess]],
    files: Sequence[Looked],
    unsure: list[str],
) -> None:
    """Rules for numbers that no sale has, and whether a line states its price or its total."""
    lines = guesses.get("lines", {})
    if not lines:
        return
    columns = {column.name: column for file in files for column in file.columns}
    price = "unit_price" if "unit_price" in lines else "line_total"
    value["money"] = {"line_price": price, "prices_include_tax": True}
    rules = []
    quantity = columns.get(lines["quantity"].column) if "quantity" in lines else None
    if quantity is not None and quantity.negative_count:
        rules.append({"kind": "return", "when": {"field": "quantity", "sign": "negative"}})
        unsure.append(
            f"rules: {quantity.negative_count:,} lines have a negative quantity; they are taken as "
            "returns."
        )
    amount = columns.get(lines[price].column)
    if amount is not None and amount.zero_count:
        rules.append({"kind": "gift", "when": {"field": price, "sign": "zero"}})
        unsure.append(f"rules: {amount.zero_count:,} lines of price 0 are taken as gifts.")
    value["rules"] = rules

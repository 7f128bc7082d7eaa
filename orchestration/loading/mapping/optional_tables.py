"""Which files are of the optional tables: payments, customers, products, reviews and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from orchestration.loading.mapping.fields import TableName
from orchestration.loading.mapping.file_specs import guess_file_spec
from orchestration.loading.mapping.guess_settings import MAX_STATUSES, find_date_formats
from orchestration.loading.mapping.guessing import (
    CUSTOMER_KEYS,
    ColumnGuess,
    alike,
    column_words,
    guess_columns,
    is_named,
    is_priced,
    split_statuses,
)
from orchestration.loading.mapping.profile import Looked, distinct_values, plain_name

# What each must have by name beside its sign; of each tuple one.
NEEDED: dict[TableName, tuple[tuple[str, ...], ...]] = {
    "reviews": (("order_id",), ("review_score",)),
    "shipments": (("order_id",), ("shipped_at", "delivered_at")),
    "returns": (("returned_amount",), ("returned_at",)),
    "payments": (("order_id",), ("paid_amount",)),
    "products": (("product_id",), ("category_name", "product_name")),
    "customers": (("customer_id", "email"), ("postal_code", "city", "state", "country")),
}
# These have no sign of their own: they are what names no order.
WITHOUT_ORDERS: tuple[TableName, ...] = ("products", "customers")


def table_of(looked: Looked) -> TableName | None:
    """The optional table whose file this is; none for one of orders or lines, or of nothing.

    Args:
        looked: what is known of a file.
    """
    if _is_of_orders(looked) or _is_of_lines(looked):
        return None
    names = {plain_name(column.name) for column in looked.columns}
    for table, needed in NEEDED.items():
        if table in WITHOUT_ORDERS:
            is_it = not is_named(looked, "orders", "order_id") or table == "products"
            is_it = is_it and not is_named(looked, "lines", "quantity")
        else:
            is_it = not names.isdisjoint(column_words("signs")[table])
        if is_it and all(any(is_named(looked, table, name) for name in one) for one in needed):
            return table
    return None


def _is_of_orders(looked: Looked) -> bool:
    names = {plain_name(column.name) for column in looked.columns}
    if "paymentid" in names or "returnid" in names or "reviewid" in names:
        return False
    return (
        is_named(looked, "orders", "order_id")
        and is_named(looked, "orders", "ordered_at")
        and any(is_named(looked, "orders", key) for key in CUSTOMER_KEYS)
    )


def _is_of_lines(looked: Looked) -> bool:
    return (
        is_named(looked, "lines", "quantity")
        and is_priced(looked)
        and not is_named(looked, "returns", "returned_at")
    )


def add_optional_tables(
    connection: duckdb.DuckDBPyConnection,
    value: dict[str, Any],
    looked: Sequence[Looked],
    unsure: list[str],
) -> dict[TableName, list[Looked]]:
    """Add to a mapping the optional tables whose files are there.

    Args:
        connection: any.
        value: keys of the mapping; files, columns and date formats are added to.
        looked: files that no other table has.
        unsure: gets a sentence for each table.

    Returns:
        The files of each table that was added.
    """
    files_by_table: dict[TableName, list[Looked]] = {}
    for file in looked:
        table = table_of(file)
        if table is not None and table not in value["files"]:
            files_by_table.setdefault(table, []).append(file)
    files_by_table = {table: alike(files) for table, files in files_by_table.items()}
    for table, files in files_by_table.items():
        columns = guess_columns("", table, files[0])[table]
        value["files"][table] = guess_file_spec(files, unsure)
        value[table] = {"columns": {name: [guess.column] for name, guess in columns.items()}}
        columns_in_words = ", ".join(f"{name}: {guess.column}" for name, guess in columns.items())
        unsure.append(
            f"files.{table}: {files[0].source.name} is taken for {table} ({columns_in_words})."
        )
        dated = [guess.column for guess in columns.values()]
        value["date_formats"] += [
            date_format
            for date_format in find_date_formats(files, dated, unsure)
            if date_format not in value["date_formats"]
        ]
        if table == "payments":
            _count_payments(connection, value["payments"], columns, files[0], unsure)
    return files_by_table


def _count_payments(
    connection: duckdb.DuckDBPyConnection,
    part: dict[str, Any],
    columns: Mapping[str, ColumnGuess],
    looked: Looked,
    unsure: list[str],
) -> None:
    """Which payments count: those that were made, and of a sale's steps those that move money."""
    if "payment_status" in columns:
        values = distinct_values(connection, looked, columns["payment_status"].column, MAX_STATUSES)
        valid, _, unknown = split_statuses(values)
        if valid:
            part["counted_statuses"] = valid
        if unknown:
            unsure.append(
                f"payments.counted_statuses: {', '.join(unknown)} are unknown words and do not "
                "count."
            )
    if "transaction_kind" in columns:
        values = distinct_values(
            connection, looked, columns["transaction_kind"].column, MAX_STATUSES
        )
        words = column_words("transactions")
        counted = [kind for kind in values if plain_name(kind) in words["counted"]]
        if counted:
            part["counted_kinds"] = counted
        part["refund_kinds"] = [kind for kind in values if plain_name(kind) in words["refund"]]
        listed_words = [word for synonyms in words.values() for word in synonyms]
        unknown = [kind for kind in values if plain_name(kind) not in listed_words]
        if unknown:
            unsure.append(
                f"payments.counted_kinds: {', '.join(unknown)} are unknown words and do not count."
            )

"""Which file of a source is of what, and which column is what.

Keys are told by what the files hold: a column that tells the rows of one file apart and stands many
times in another one. The rest is told by names, as `regulars init` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from orchestration.loading.lists import listed_values
from orchestration.loading.mapping.fields import PLACEHOLDER, TableName
from orchestration.loading.mapping.guessing import guess_columns, guess_layout
from orchestration.loading.mapping.optional_tables import table_of
from orchestration.scaffolding.source_files import File
from orchestration.scaffolding.source_tables import ROLES
from orchestration.sql_text import identifier

# A child's keys that are in its parent, at least.
MIN_MATCHED = 0.9
# How the names of columns begin that number the lines of an order.
NUMBER_NAMES = ("pos", "line", "row", "item_n", "number", "no", "seq")
# By which field which file is the parent of which others.
JOINS: tuple[tuple[str, TableName, tuple[TableName, ...]], ...] = (
    ("order_id", "orders", ("lines", "payments")),
    ("customer_id", "customers", ("orders",)),
    ("product_id", "products", ("lines",)),
)
Kinds = dict[TableName, File]
Fields = dict[str, dict[str, str]]  # by file's table: column to field


def find_kinds(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> Kinds:
    """The file of each kind; orders are always among them.

    Args:
        connection: with the tables of the files.
        files: at least one.
    """
    kinds = _kinds_by_keys(connection, files)
    _kinds_by_names(files, kinds)
    return kinds


def _links(
    connection: duckdb.DuckDBPyConnection, files: Sequence[File]
) -> list[tuple[File, File, str]]:
    """Parent, child and the column by whose name both have the parent's key."""
    links = []
    for parent in files:
        for key in (column.name for column in parent.columns if column.is_key):
            for child in files:
                names = [column.name for column in child.columns]
                if child is parent or key not in names or child.column(key).is_key:
                    continue
                value = identifier(key)
                ((total, matched),) = connection.execute(
                    f"select count(*), count(*) filter (value in (select {value} from "
                    f"{parent.table})) from (select distinct {value} as value from {child.table} "
                    f"where {value} is not null)"
                ).fetchall()
                if total and matched >= MIN_MATCHED * total:
                    links.append((parent, child, key))
    return links


def _kinds_by_keys(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> Kinds:
    """The files of orders, lines, people, products and payments, as far as keys tell."""
    links = _links(connection, files)
    with_dates = [file for file in files if any(column.is_date for column in file.columns)]
    candidates = [
        parent
        for parent, child, key in links
        if parent in with_dates
        and any(column.name != key and column.looked.is_number for column in child.columns)
    ]
    # People may have a date, too, and orders numbers: then orders are the people's child.
    orders = next(
        (file for file in candidates
         if not any(parent is file and child in candidates for parent, child, _ in links)),
        None,
    )  # fmt: skip
    if orders is None:
        return {}
    kinds: Kinds = {"orders": orders}
    children = [child for parent, child, _ in links if parent is orders]
    for child in children:
        if table_of(child.looked) == "payments":
            kinds.setdefault("payments", child)
    lines = [child for child in children if child is not kinds.get("payments")]
    if lines:
        kinds["lines"] = max(lines, key=_number_count)
    for parent, child, _ in links:
        if child is orders:
            kinds.setdefault("customers", parent)
        elif child is kinds.get("lines") and parent is not orders:
            kinds.setdefault("products", parent)
    return kinds


def _number_count(file: File) -> int:
    return sum(column.looked.is_number for column in file.columns)


def _kinds_by_names(files: Sequence[File], kinds: Kinds) -> None:
    """Add what keys did not tell; a file of flat lines is one of orders, too."""
    if "orders" not in kinds:
        _, files_by_table = guess_layout([file.looked for file in files])
        for kind, looked in files_by_table.items():
            kinds[kind] = next(file for file in files if file.looked is looked[0])
        # Else flat lines, or payments that are orders of their own.
        kinds.setdefault("orders", kinds.get("lines") or kinds["payments"])
    for file in files:
        if file not in kinds.values():
            kind_of = table_of(file.looked)
            if kind_of is not None and kind_of in ROLES:
                kinds.setdefault(kind_of, file)


def kinds_of(kinds: Kinds, file: File) -> list[TableName]:
    """What a file is of: nothing, one kind, or orders and what else its rows are."""
    return [kind for kind in ROLES if kinds.get(kind) is file]


def find_fields(
    connection: duckdb.DuckDBPyConnection, kinds: Kinds, file: File, notes: list[str]
) -> dict[str, str]:
    """Column of a file to the field that it fills.

    Args:
        connection: with the tables of the files.
        kinds: of ``find_kinds``.
        file: one of the files.
        notes: gets a sentence where neither a name nor a key told a column.
    """
    own = kinds_of(kinds, file)
    if not own:
        return {}
    layout = ""
    if "orders" in own and len(own) > 1:
        layout = "flat_lines" if "lines" in own else "payments_only"
    guessed = guess_columns(layout, own[-1], file.looked)
    by_field = {
        name: guess.column
        for table in own
        for name, guess in guessed.get(table, {}).items()
        if guess.column != PLACEHOLDER
    }
    if layout == "payments_only":
        for name, instead in (("payment_id", "order_id"), ("paid_at", "ordered_at")):
            if name in by_field:
                by_field[instead] = by_field.pop(name)
    by_field.update(_key_fields(connection, kinds, file, own))
    if "orders" in own and "ordered_at" not in by_field:
        dates = [column.name for column in file.columns if column.is_date]
        by_field.update(zip(["ordered_at"], dates, strict=False))
    if "orders" in own and "status" not in by_field:
        by_field.update(_status(connection, file, by_field))
    if own == ["lines"]:
        left = _by_elimination(file, by_field)
        by_field.update(left)
        if left:
            columns_in_words = ", ".join(f"{column} for {name}" for name, column in left.items())
            notes.append(
                f"{file.stem}: {columns_in_words}, since no other column is left; see that it is so"
            )
    field_columns: dict[str, str] = {}
    for name, column in by_field.items():
        field_columns.setdefault(column, name)
    return {column: name for column, name in field_columns.items() if by_field[name] == column}


def _by_elimination(file: File, by_field: Mapping[str, str]) -> dict[str, str]:
    """Of lines, what no name tells: the one column of amounts, of whole numbers, of other texts.

    A column that numbers an order's lines is told by what it holds, later; its name begins so.
    """
    left = [
        column
        for column in file.columns
        if column.name not in by_field.values()
        and not column.is_date
        and not column.name.lower().startswith(NUMBER_NAMES)
    ]
    whole = [column for column in left if column.is_whole and not column.has_zeros]
    amounts = [column for column in left if column.looked.is_number and not column.is_whole]
    texts = [column for column in left if not column.looked.is_number]
    open_fields = (
        ("unit_price", amounts, {"unit_price", "line_total"}),
        ("quantity", whole, {"quantity"}),
        ("product_id", texts, {"product_id"}),
    )
    return {
        name: columns[0].name
        for name, columns, evidence in open_fields
        if len(columns) == 1 and evidence.isdisjoint(by_field)
    }


def _status(
    connection: duckdb.DuckDBPyConnection, file: File, by_field: dict[str, str]
) -> dict[str, str]:
    """The column in which nothing stands but words of the list of statuses."""
    listed_statuses = sorted(listed_values("order_statuses", "order_status"))
    for column in file.columns:
        if column.name in by_field.values():
            continue
        value = f"lower(trim({identifier(column.name)}))"
        ((is_status,),) = connection.execute(
            f"select count({value}) > 0 and bool_and(list_contains(?, {value})) from {file.table} "
            f"where {value} is not null",
            [listed_statuses],
        ).fetchall()
        if is_status:
            return {"status": column.name}
    return {}


def _key_fields(
    connection: duckdb.DuckDBPyConnection, kinds: Kinds, file: File, own: Sequence[str]
) -> dict[str, str]:
    """Fields of the keys by which the files are joined; these come first."""
    key_fields: dict[str, str] = {}
    for name, parent, children in JOINS:
        related = [kinds[kind] for kind in (parent, *children) if kind in kinds]
        for first, second, key in _links(connection, related):
            is_ours = parent in own or any(kind in own for kind in children)
            if first is kinds.get(parent) and file in (first, second) and is_ours:
                key_fields.setdefault(name, key)
    return key_fields

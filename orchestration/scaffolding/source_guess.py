"""The tables of a source as its files suggest them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.errors import RegularsError
from orchestration.loading.mapping.fields import FIELDS, TableName
from orchestration.scaffolding.project import NAME
from orchestration.scaffolding.source_files import File, FileColumn, read_folder, type_of
from orchestration.scaffolding.source_kinds import (
    JOINS,
    Fields,
    Kinds,
    find_fields,
    find_kinds,
    kinds_of,
)
from orchestration.scaffolding.source_settings import find_settings, note_statuses
from orchestration.scaffolding.source_tables import (
    KEY_ROLES,
    ROLES,
    STAGED_NAMES,
    SourceColumn,
    SourceGuess,
    SourceTable,
)
from orchestration.scaffolding.words import (
    all_keywords,
    column_sql,
    reserved_words,
    snake,
)
from orchestration.sql_text import identifier, literal

# Fields whose digits are no number to count with.
CODE_KINDS = {"text", "email", "phone", "postal_code"}
# Tables that the load itself makes in schema raw.
OWN_TABLES = {"load_log", "load_source", "rejected_rows", "column_profiles", "input_findings",
              "test_log", "model_log", "shop_settings", "shop_capabilities"}  # fmt: skip


def guess_source(folder: Path) -> SourceGuess:
    """What a folder of files is as a source.

    Args:
        folder: of the files.

    Returns:
        Tables, settings, and what a person has to look at.

    Raises:
        RegularsError: there is nothing that the loader of a source could read.
    """
    with duckdb.connect() as connection:
        files = read_folder(connection, folder)
        kinds = find_kinds(connection, files)
        notes: list[str] = []
        fields = {file.table: find_fields(connection, kinds, file, notes) for file in files}
        raw_names = _raw_names(files)
        tables = [_table(connection, file, kinds, fields, raw_names, notes) for file in files]
        orders = kinds["orders"]
        by_field = {name: column for column, name in fields[orders.table].items()}
        settings = find_settings(connection, orders, by_field, notes)
        note_statuses(connection, orders, by_field.get("status"), notes)
        return SourceGuess(tables, settings, notes)


def _raw_names(files: Sequence[File]) -> dict[str, str]:
    """The table of each file in schema raw, by its table here."""
    names: dict[str, str] = {}
    for file in files:
        name = snake(file.stem) or "file"
        is_taken = name in OWN_TABLES or name in names.values()
        if is_taken or not NAME.fullmatch(name) or name in reserved_words():
            reason = "taken" if is_taken else "no name that SQL takes"
            raise RegularsError(
                f"the file {file.stem} would become the table raw.{name}, which is {reason}; "
                "rename the file"
            )
        names[file.table] = name
    return names


def _table(
    connection: duckdb.DuckDBPyConnection,
    file: File,
    kinds: Kinds,
    fields: Fields,
    raw_names: dict[str, str],
    notes: list[str],
) -> SourceTable:
    own = kinds_of(kinds, file)
    kind = own[-1] if own else None
    taken = {STAGED_NAMES.get(name, name) for name in fields[file.table].values()}
    columns = []
    for column in file.columns:
        staged = fields[file.table].get(column.name)
        name = STAGED_NAMES.get(staged, staged) if staged else _free(column, taken)
        taken.add(name)
        columns.append(_column(file, column, own, staged, name, notes))
    columns = [_with_parent(column, kind, kinds, fields, raw_names) for column in columns]
    return SourceTable(
        name=raw_names[file.table],
        file_stem=file.stem,
        kind=kind,
        columns=_numbered(connection, file, fields[file.table], columns),
        holds_orders="orders" in own and kind != "orders",
    )


def _free(column: FileColumn, taken: set[str]) -> str:
    """A name for a column that fills nothing."""
    name = snake(column.name) or f"column_{column.looked.place}"
    while name in taken or name in all_keywords():
        name = f"file_{name}"
    return name


def _column(
    file: File,
    column: FileColumn,
    own: Sequence[TableName],
    field: str | None,
    staged_name: str,
    notes: list[str],
) -> SourceColumn:
    kind = next((FIELDS[table][field] for table in own if field and field in FIELDS[table]), None)
    is_code = kind in CODE_KINDS or (kind is None and column.is_key)
    data_type = type_of(file, column, is_code=is_code)
    role = next((ROLES[table][field] for table in own if field and field in ROLES[table]), None)
    is_key = str(role).endswith("_key")
    # Of keys the loader takes texts only.
    if (role in KEY_ROLES and not column.is_filled) or (is_key and data_type != "varchar"):
        role = None
    staged_type, staged_sql = _staged(column, kind, data_type, notes, file)
    if role == "ordered_at" and data_type != "timestamp":
        role = None
    return SourceColumn(
        column.name, data_type, staged_name, staged_type, staged_sql, field, role, is_key,
        is_filled=column.is_filled, is_unique=column.is_unique,
    )  # fmt: skip


def _staged(
    column: FileColumn, kind: str | None, data_type: str, notes: list[str], file: File
) -> tuple[str, str]:
    """Type and SQL of a column in staging."""
    value = column_sql(column.name)
    if kind in CODE_KINDS and data_type != "varchar":
        return "varchar", f"cast({value} as varchar)"
    if data_type != "varchar" or not column.is_date or kind in CODE_KINDS:
        return data_type, value
    written = column.looked.date_format
    if written in {None, "iso"}:
        return "timestamp", f"cast({value} as timestamp)"
    notes.append(
        f"{file.stem}, column {column.name}: its dates look like {written}; staging reads them by "
        "strptime, which is DuckDB's: see that day and month are right"
    )
    return "timestamp", f"strptime({value}, {literal(str(written))})"


def _with_parent(
    column: SourceColumn,
    kind: TableName | None,
    kinds: Kinds,
    fields: Fields,
    raw_names: dict[str, str],
) -> SourceColumn:
    """The column, with the table that has its values if it is a key of another one."""
    name = next(
        (up for key_field, up, down in JOINS if key_field == column.field and kind in down), None
    )
    parent = kinds.get(name) if name else None
    if parent is None or (kind and parent is kinds.get(kind)):
        return column
    key = next(
        (name for name, field in fields[parent.table].items() if field == column.field), None
    )
    if key is None:
        return column
    return replace(column, parent=(raw_names[parent.table], key))


def _numbered(
    connection: duckdb.DuckDBPyConnection,
    file: File,
    fields: dict[str, str],
    columns: Sequence[SourceColumn],
) -> list[SourceColumn]:
    """The columns, the one that numbers the rows of an order from 1 on called so."""
    order = next((name for name, field in fields.items() if field == "order_id"), None)
    if order is None or file.column(order).is_key:
        return list(columns)
    for number, column in enumerate(columns):
        if column.data_type != "integer" or column.field is not None or not column.is_filled:
            continue
        value = identifier(column.name)
        ((is_number,),) = connection.execute(
            f"select count(*) = count(distinct ({identifier(order)}, {value})) "
            f"and min(cast({value} as integer)) >= 1 from {file.table}"
        ).fetchall()
        if is_number:
            name = "order_item_number"
            renamed = replace(column, staged_name=name, field=name)
            return [*columns[:number], renamed, *columns[number + 1 :]]
    return list(columns)

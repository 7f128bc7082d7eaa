"""Rows of the files as they stand, in temporary tables: each field as text and as a value.

A field of a table is the columns ``"orders.ordered_at"`` (the value, null where the text is none)
and ``"orders.ordered_at text"``; a column that only a rule reads is ``"column Financial Status"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration.errors import InputError
from orchestration.loading.formats import PARQUET
from orchestration.loading.mapping.fields import FIELDS, SQL_TYPES, TableName
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.reading import SHEET, FileRows, read_source
from orchestration.loading.mapping.sentences import did_you_mean
from orchestration.loading.mapping.sources import (
    Source,
    find_sources,
)
from orchestration.loading.mapping.value_sql import ValueSql, text_of
from orchestration.loading.rejects import REPEATED_HEADER
from orchestration.paths import shown_text
from orchestration.sql_text import identifier, literal

Field = tuple[TableName, str]


@dataclass
class Stage:
    """The rows of one table's files, in ``temp.stage_<table>``.

    Attributes:
        table: whose files they are.
        sources: the files and sheets; a row's ``source_number`` counts them from 0.
        fields: that are staged, each with its candidate columns.
        columns: of the files that only rules read.
        row_lines: of sources whose rows are not one line each, the first line of each row.
        headers: of the sources.
    """

    table: TableName
    sources: list[Source]
    fields: dict[Field, tuple[str, ...]]
    columns: list[str] = field(default_factory=list)
    row_lines: dict[int, list[int]] = field(default_factory=dict)
    headers: list[list[str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The table in which the rows are."""
        return f"temp.stage_{self.table}"

    def line_of(self, source_number: int, position: int) -> int:
        """The line, or row of a sheet, at which the row of a position begins."""
        lines = self.row_lines.get(source_number)
        if lines is not None:
            return lines[position - 1]
        source = self.sources[source_number]
        return position if source.format == PARQUET else position + source.spec.header_line


def value_column(where: Field) -> str:
    """The staged value of a field, as SQL writes it."""
    return identifier(".".join(where))


def text_column(where: Field) -> str:
    """The staged text of a field, as SQL writes it."""
    return identifier(f"{'.'.join(where)} text")


def rule_column(name: str) -> str:
    """A staged column that only rules read, as SQL writes it."""
    return identifier(f"column {name}")


def create_rejected(connection: duckdb.DuckDBPyConnection) -> None:
    """The table of rows that are set aside, anew."""
    connection.execute(
        """
        create or replace temp table stage_rejected (
            table_name varchar, source_number integer, position bigint, line_number bigint,
            column_name varchar, rejected_value varchar, reason_code varchar, reason varchar,
            raw_line varchar
        )
        """
    )


def stage_table(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    mapping: ShopMapping,
    table: TableName,
    rule_columns: Iterable[str] = (),
) -> Stage:
    """Read the files of a table.

    Args:
        connection: with the table of ``create_rejected``.
        folder: of the data.
        mapping: with a file of the table.
        table: which.
        rule_columns: columns of which those that the files have are staged, too.

    Raises:
        InputError: a file or a column is not there, or cannot be read.
    """
    spec = mapping.file_of(table)
    assert spec is not None
    sources = find_sources(folder, spec, f"files.{table}.path")
    stage = Stage(table, sources, staged_fields(mapping, table))
    parts = ["source_number integer", "position bigint"]
    for where in stage.fields:
        kind = SQL_TYPES[FIELDS[where[0]][where[1]]]
        parts += [f"{value_column(where)} {kind}", f"{text_column(where)} varchar"]
    extra_columns = list(dict.fromkeys(rule_columns))
    parts += [f"{rule_column(name)} varchar" for name in extra_columns]
    connection.execute(f"create or replace {stage.name.replace('temp.', 'temp table ')} "
                       f"({', '.join(parts)})")  # fmt: skip
    for number, source in enumerate(sources):
        rows = read_source(connection, source)
        header, types = rows.header, rows.types
        if rows.row_lines is not None:
            stage.row_lines[number] = rows.row_lines
        _note_faults(connection, stage, number, rows)
        stage.headers.append(header)
        _insert(
            connection, mapping, stage, number, dict(zip(header, types, strict=True)), extra_columns
        )
    present = {name for header in stage.headers for name in header}
    stage.columns = [name for name in extra_columns if name in present]
    connection.execute("drop table if exists temp.stage_file")
    _set_aside_blank_rows(connection, stage)
    return stage


def staged_fields(mapping: ShopMapping, table: TableName) -> dict[Field, tuple[str, ...]]:
    """The fields that a table's file has, with their candidate columns."""
    tables: list[TableName] = [table]
    if table == mapping.main_table and table != "orders":
        tables.insert(0, "orders")
    fields = {
        (owner, name): columns
        for owner in tables
        for name, columns in mapping.columns_of(owner).items()
    }
    number = fields.get(("orders", "order_number"), ())
    if mapping.orders.stand_on == "first_line" and number:
        # The number stands on every line; the id is to be filled down, so it takes no number.
        key: Field = ("orders", "order_id")
        fields[key] = tuple(name for name in fields[key] if name not in number) or fields[key]
    return fields


def _note_faults(
    connection: duckdb.DuckDBPyConnection, stage: Stage, number: int, rows: FileRows
) -> None:
    """Set the rows aside that could not be read at all."""
    if rows.faults:
        connection.executemany(
            """
            insert into temp.stage_rejected
            values (?, ?, null, ?, null, null, 'unreadable', ?, ?)
            """,
            [
                [stage.table, number, fault.line_number, fault.reason, fault.raw_line]
                for fault in rows.faults
            ],
        )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    stage: Stage,
    number: int,
    types: dict[str, str],
    rule_columns: Sequence[str],
) -> None:
    """Put the rows of a file into the stage, each field as value and as text."""
    header = stage.headers[number]
    places = {name: f"c{place}" for place, name in reversed(list(enumerate(header, 1)))}
    texts, selected = ["source_number", "position"], ["source_number", "position"]
    for where, candidates in stage.fields.items():
        present = _present(stage, number, where, candidates)
        texts.append(f"{_coalesce(mapping, present, places, types)} as {text_column(where)}")
        is_typed = any(types[name] not in {"VARCHAR", SHEET} for name in present)
        kind = FIELDS[where[0]][where[1]]
        value = ValueSql(mapping, is_typed=is_typed).value(text_column(where), kind)
        if any(types[name] == SHEET for name in present) and kind not in {"text", "email"}:
            typed = ValueSql(mapping, is_typed=True).value(text_column(where), kind)
            value = f"coalesce({typed}, {value})"
        selected += [value, text_column(where)]
    for name in rule_columns:
        source = _coalesce(mapping, [name], places, types) if name in places else "null"
        texts.append(f"{source} as {rule_column(name)}")
        selected.append(rule_column(name))
    connection.execute(
        f"""
        insert into {stage.name}
        select {", ".join(selected)} from (
            select {", ".join(texts)} from (
                select *, {number} as source_number,
                    row_number() over (order by rowid) as position
                from temp.stage_file
            )
        )
        """
    )


def _coalesce(
    mapping: ShopMapping, names: Sequence[str], places: dict[str, str], types: dict[str, str]
) -> str:
    texts = [text_of(places[name], types[name], mapping.empty_values) for name in names]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _present(stage: Stage, number: int, where: Field, candidates: Sequence[str]) -> list[str]:
    """The candidates that a file has.

    Raises:
        InputError: it has none of them, or one of them twice.
    """
    header, source = stage.headers[number], stage.sources[number]
    present = [name for name in candidates if name in header]
    key = f"{where[0]}.columns.{where[1]}"
    for name in present:
        if header.count(name) > 1:
            raise InputError(
                f"{source.name}: the column {name!r} of {key} stands there {header.count(name)} "
                "times; keep one of them."
            )
    if not present:
        hint = did_you_mean(candidates[0], header)
        names = " or ".join(repr(name) for name in candidates)
        raise InputError(
            f"{source.name}: {key} is {names}, but no such column is there{hint or ';'} the file "
            f"has: {shown_text(', '.join(header), 1_000)}."
        )
    return present


def _set_aside_blank_rows(connection: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """Rows without any value, and headers that stand there once more."""
    texts = [text_column(where) for where in stage.fields]
    blank = " and ".join(f"{text} is null" for text in texts)
    again = " and ".join(
        f"{text} in ({', '.join(literal(name) for name in candidates)})"
        for text, candidates in zip(texts, stage.fields.values(), strict=True)
    )
    for condition, code, reason in (
        (blank, "blank", "the row is empty"),
        (again, "repeated_header", REPEATED_HEADER),
    ):
        set_aside(connection, stage, condition, code, literal(reason))


def set_aside(
    connection: duckdb.DuckDBPyConnection,
    stage: Stage,
    condition: str,
    code: str,
    reason: str,
    *,
    column: str | None = None,
    value: str = "null",
) -> int:
    """Move rows of a stage to the rejected ones.

    Args:
        connection: the one of the stage.
        stage: with the rows.
        condition: SQL that is true for them.
        code: of the reason.
        reason: SQL of the reason.
        column: that is to blame.
        value: SQL of what it holds.

    Returns:
        How many there were.
    """
    name: Any = literal(column) if column is not None else "null"
    ((count,),) = connection.execute(
        f"""
        insert into temp.stage_rejected
        select '{stage.table}', source_number, position, null, {name}, {value}, '{code}',
            {reason}, null
        from {stage.name} where {condition}
        """
    ).fetchall()
    if count:
        connection.execute(f"delete from {stage.name} where {condition}")
    return int(count)

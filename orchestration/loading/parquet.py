"""Parquet files: they have types of their own, which must not change what a value is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from orchestration.errors import InputError
from orchestration.loading.bad_values import (
    bad_rows_sql,
    find_bad_values,
    header_like_rows,
    reason_of,
)
from orchestration.loading.files import RawFile, RejectedRow, duckdb_path, first_line
from orchestration.loading.rejects import REPEATED_HEADER, is_repeated_header
from orchestration.loading.values import READ_TYPES, TEXT, cast_sql


def read_parquet_types(path: Path) -> dict[str, str]:
    """Column name to the type that it has in a Parquet file."""
    try:
        with duckdb_path(path) as exact, duckdb.connect() as connection:
            rows = connection.execute(
                "select column_name, column_type from (describe from read_parquet(?))", [exact]
            ).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet: {first_line(error)}. Export it again."
        ) from error
    return dict(rows)


def read_parquet_names(path: Path) -> list[str]:
    """Columns of a Parquet file as it names them; DuckDB renames one that stands there twice."""
    with path.open("rb") as stream:  # a name with signs in it is no pattern here
        return list(pq.read_schema(stream).names)


def check_parquet_types(file: RawFile) -> None:
    """Refuse types whose cast would change values: 01001 stored as a number has lost its zero."""
    for name, expected_type in file.table.columns.items():
        stored = file.stored_types[name]
        if expected_type == "VARCHAR" and stored != "VARCHAR" and not stored.startswith("ENUM"):
            with duckdb_path(file.path) as path, duckdb.connect() as connection:
                first = connection.execute(
                    f'select any_value("{name}") from read_parquet(?)', [path]
                ).fetchone()
            if first is None or first[0] is None:
                continue  # nothing but nulls: a writer that saw no text may state any type
            hint = f"expected text, found {stored} such as {first[0]!r}; store it as text"
        elif expected_type == "TIMESTAMP" and stored == "TIMESTAMP WITH TIME ZONE":
            hint = f"expected local time, found {stored}; store it without a time zone"
        else:
            continue
        raise InputError(f"{file.path.name}, column {name}: {hint}.")


def _read_parquet_column(name: str, expected_type: str, stored: str) -> str:
    """SQL of a Parquet column in the type that the same column of a CSV file is read as."""
    text = f"nullif(cast(\"{name}\" as varchar), '')"
    if expected_type == "VARCHAR" or (expected_type == "TIMESTAMP" and stored == "VARCHAR"):
        return text
    if expected_type == "TIMESTAMP":
        return f'cast(try_cast("{name}" as TIMESTAMP) as varchar)'
    # By way of text: a 32-bit 58.9 is 58.900002 when it is cast at once.
    return f"try_cast({text} as {READ_TYPES.get(expected_type, expected_type)})"


def load_parquet(connection: duckdb.DuckDBPyConnection, file: RawFile) -> None:
    """Parquet has types of its own: cast each column, and set aside what does not cast."""
    columns = file.table.columns
    read = [
        f'{_read_parquet_column(name, kind, file.stored_types[name])} as "{name}"'
        for name, kind in columns.items()
    ]
    stored = [
        f'nullif(cast("{name}" as varchar), \'\') as "{name} as stored"'
        for name, kind in columns.items()
        if kind != TEXT
    ]
    connection.execute("drop table if exists temp.load_rows")
    with duckdb_path(file.path) as path:
        connection.execute(
            f"""
            create temp table load_rows as
            select {", ".join([*read, *stored])}, file_row_number + 1 as "row number"
            from read_parquet(?, file_row_number = true)
            """,
            [path],
        )
    rejects = {reject.line_number: reject for reject in _bad_rows(connection, file)}
    file.rejects.extend(rejects[row] for row in sorted(rejects))
    connection.execute(
        'delete from temp.load_rows where list_contains(?::bigint[], "row number")', [[*rejects]]
    )
    casts = ", ".join(f'{cast_sql(name, kind)} as "{name}"' for name, kind in columns.items())
    connection.execute(
        f"create or replace table raw.{file.table.name} as select {casts} from temp.load_rows"
    )
    connection.execute("drop table temp.load_rows")


def _bad_rows(connection: duckdb.DuckDBPyConnection, file: RawFile) -> Iterator[RejectedRow]:
    """The rows that are kept out; of several faults of a row the last one counts."""
    name = file.path.name
    bad = find_bad_values(connection, file.table)
    for column, kind in reversed(file.table.columns.items()):
        if kind == TEXT:
            if column not in bad:
                continue
            value, test = f'"{column}"', bad_rows_sql(file.table, [column])
        else:
            value = f'"{column} as stored"'
            test = f'({value} is not null and "{column}" is null)'
            if column in bad:
                test += f" or {bad_rows_sql(file.table, [column])}"
        rows = connection.execute(
            f'select "row number", {value} from temp.load_rows where {test}'
        ).fetchall()
        for row, text in rows:
            reason = reason_of(bad[column][text] if kind == TEXT else "", text, kind)
            yield RejectedRow(name, row, column, text, reason, "")
    for row_id, values in header_like_rows(connection, file.table):
        ((row,),) = connection.execute(
            'select "row number" from temp.load_rows where rowid = ?', [row_id]
        ).fetchall()
        if is_repeated_header(file, row, values):
            yield RejectedRow(name, row, None, None, REPEATED_HEADER, "")

"""Parquet files: they have types of their own, which must not change what a value is."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.errors import InputError
from orchestration.loading.files import RawFile, RejectedRow, first_line
from orchestration.loading.values import READ_TYPES, cast_sql, is_bad_sql, plain_type


def read_parquet_types(path: Path) -> dict[str, str]:
    """Column name to the type that it has in a Parquet file."""
    if path.stat().st_size == 0:
        raise InputError(
            f"{path.name} is empty (0 bytes); expected columns and rows. Export it again."
        )
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select column_name, column_type from (describe from read_parquet(?))", [str(path)]
            ).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet: {first_line(error)}. Export it again."
        ) from error
    return dict(rows)


def check_parquet_types(file: RawFile) -> None:
    """Refuse types whose cast would change values: 01001 stored as a number has lost its zero."""
    for name, wanted in file.table.columns.items():
        stored = file.stored_types[name]
        if wanted == "VARCHAR" and stored != "VARCHAR" and not stored.startswith("ENUM"):
            with duckdb.connect() as connection:
                first = connection.execute(
                    f'select any_value("{name}") from read_parquet(?)', [str(file.path)]
                ).fetchone()
            if first is None or first[0] is None:
                continue  # nothing but nulls: a writer that saw no text may state any type
            hint = f"expected text, found {stored} such as {first[0]!r}; store it as text"
        elif wanted == "TIMESTAMP" and stored == "TIMESTAMP WITH TIME ZONE":
            hint = f"expected local time, found {stored}; store it without a time zone"
        else:
            continue
        raise InputError(f"{file.path.name}, column {name}: {hint}.")


def _read_parquet_column(name: str, wanted: str, stored: str) -> str:
    """SQL of a Parquet column in the type that the same column of a CSV file is read as."""
    text = f"nullif(cast(\"{name}\" as varchar), '')"
    if wanted == "VARCHAR" or (wanted == "TIMESTAMP" and stored == "VARCHAR"):
        return text
    if wanted == "TIMESTAMP":
        return f'cast(try_cast("{name}" as TIMESTAMP) as varchar)'
    # By way of text: a 32-bit 58.9 is 58.900002 when it is cast at once.
    return f"try_cast({text} as {READ_TYPES.get(wanted, wanted)})"


def load_parquet(connection: duckdb.DuckDBPyConnection, file: RawFile) -> None:
    """Parquet has types of its own: cast each column, and set aside what does not cast."""
    columns = file.table.columns
    read = ", ".join(
        f'{_read_parquet_column(name, kind, file.stored_types[name])} as "{name}", '
        f'nullif(cast("{name}" as varchar), \'\') as "{name} as stored"'
        for name, kind in columns.items()
    )
    source = f"(select {read}, file_row_number from read_parquet(?, file_row_number = true))"
    bad = {
        name: f"coalesce({is_bad_sql(name, kind)}, false) "
        f'or ("{name} as stored" is not null and "{name}" is null)'
        for name, kind in columns.items()
        if kind != "VARCHAR"
    }
    any_bad = " or ".join(f"({test})" for test in bad.values()) or "false"
    casts = ", ".join(f'{cast_sql(name, kind)} as "{name}"' for name, kind in columns.items())
    connection.execute(
        f"create or replace table raw.{file.table.name} as "
        f"select {casts} from {source} where not ({any_bad})",
        [str(file.path)],
    )
    known: set[int] = set()
    for name, test in bad.items():
        rows = connection.execute(
            f'select file_row_number + 1, "{name} as stored" from {source} where {test} order by 1',
            [str(file.path)],
        ).fetchall()
        reason = f"is no {plain_type(columns[name])}"
        for row, value in rows:
            if row not in known:
                file.rejects.append(
                    RejectedRow(file.path.name, row, name, value, f"{value!r} {reason}", "")
                )
                known.add(row)
    file.rejects.sort(key=lambda reject: reject.line_number)

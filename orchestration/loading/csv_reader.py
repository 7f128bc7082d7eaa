"""CSV files: dialect, types and encoding are stated here and never sniffed.

In real files quotes first appear at line 422,498, comments span lines and zip prefixes
start with zeros.
"""

from __future__ import annotations

import zlib

import duckdb

from ml.statements import count_rows
from orchestration.errors import InputError
from orchestration.loading.csv_faults import (
    find_odd_line,
    missed_rows,
    repeated_headers,
    rows_with_bad_values,
    unreadable_rows,
)
from orchestration.loading.files import MAX_LINE_BYTES, RawFile
from orchestration.loading.formats import GZIP, PARQUET
from orchestration.loading.packed import readable_path
from orchestration.loading.rejects import ENDS_IN_ZEROS
from orchestration.loading.values import READ_TYPES, cast_sql


def load_csv(connection: duckdb.DuckDBPyConnection, file: RawFile) -> None:
    """Read a CSV file into its table; rows that cannot be read go to ``file.rejects``."""
    wanted_count = _read_through(file)
    # A column that nobody reads may be called anything, so it is numbered here.
    columns = {
        name if kind else f"ignored_{number}": READ_TYPES.get(kind, kind) or "VARCHAR"
        for number, name in enumerate(file.header, 1)
        for kind in [file.table.columns.get(name, "")]
    }
    for name in ("load_rejects", "load_reject_scans", "load_rows"):
        connection.execute(f"drop table if exists temp.{name}")
    # Not in parallel: DuckDB 2.0 then drops rows without a word after a buffer (8 MB) of bad rows,
    # and misplaces bad quotes. One thread reads the real files as fast.
    with readable_path(file.path, is_packed=file.format == GZIP) as (path, compression):
        connection.execute(
            f"""
            create temp table load_rows as
            select {", ".join(f'"{name}"' for name in file.table.columns)}
            from read_csv(
                ?, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
                encoding = 'utf-8', columns = {columns}, max_line_size = {MAX_LINE_BYTES},
                compression = '{compression}',
                null_padding = false, parallel = false, store_rejects = true,
                rejects_table = 'load_rejects', rejects_scan = 'load_reject_scans',
                rejects_limit = 0
            )
            """,
            [path],
        )
    file.rejects.extend(unreadable_rows(connection, file))
    if file.rejects or wanted_count != count_rows(connection, "temp.load_rows"):
        file.rejects.extend(missed_rows(connection, file))
    file.rejects.extend(repeated_headers(connection, file))
    file.rejects.extend(rows_with_bad_values(connection, file))
    file.rejects.sort(key=lambda reject: reject.line_number)
    casts = ", ".join(f'{cast_sql(name, kind)} as "{name}"'
                      for name, kind in file.table.columns.items())  # fmt: skip
    connection.execute(
        f"create or replace table raw.{file.table.name} as select {casts} from temp.load_rows"
    )
    connection.execute("drop table temp.load_rows")


def _read_through(file: RawFile) -> int | None:
    """Read a file to its end; its number of rows, or none if commas and quotes do not add up.

    DuckDB compares no checksum of a packed file, passes over a row in which the file ends inside a
    quote, and takes a row with one value too many if the last one is empty. Blank lines do not add
    up either, which is well: then the rows are gone through one by one.
    """
    commas, row_ends, line, is_quoted, last = 0, 0, 0, False, b""
    try:
        with file.open() as stream:
            while chunk := stream.read1(1 << 20):  # unlike read, also what comes before a cut
                parts = chunk.split(b'"')
                commas += sum(part.count(b",") for part in parts[is_quoted::2])
                row_ends += sum(part.count(b"\n") for part in parts[is_quoted::2])
                line += chunk.count(b"\n")
                is_quoted ^= len(parts) % 2 == 0
                last = chunk[-1:]
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{file.path.name} cannot be read beyond line {line}: {error}. The file may have been "
            "cut off; export or copy it again."
        ) from error
    if last == b"\0":
        raise InputError(f"{file.path.name}, line {line + 1}: {ENDS_IN_ZEROS}")
    row_ends += last != b"\n"
    adds_up = not is_quoted and commas == row_ends * (len(file.header) - 1)
    return row_ends - 1 if adds_up else None


def first_odd_line(file: RawFile) -> str:
    """The line for which DuckDB may have given up, and what is odd there; else nothing."""
    if file.format == PARQUET:
        return ""
    return find_odd_line(file.open, file.header)

"""Amounts as they are written in the files: 1.234 may mean 1234, which the tables cannot tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import duckdb

from orchestration.errors import InputError
from orchestration.loading.csv_faults import rows_one_by_one
from orchestration.loading.files import MAX_LINE_BYTES, RawFile, duckdb_path
from orchestration.loading.finding import Finding, counted
from orchestration.loading.formats import GZIP, PARQUET
from orchestration.loading.packed import readable_path
from orchestration.loading.thousands import (
    MarkCounts,
    grouped_pattern,
    mark_counts_sql,
    meant_by,
)
from orchestration.loading.values import MONEY
from orchestration.sql_text import identifier

MARK = "."
PLAIN = "Export amounts without a mark between thousands and with a point before cents: 1234.00"


def find_amounts_like_thousands(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Columns in which most amounts with a point have three digits behind it.

    The files are read once more, since a number does not say how it was written.

    Args:
        connection: any.
        files: all files of the source, as they were loaded.

    Yields:
        A finding per column.

    Raises:
        InputError: other amounts of the column show that the point parts thousands.
    """
    for file in files:
        columns = [
            name
            for name, kind in file.table.columns.items()
            if kind == MONEY
            and not (file.format == PARQUET and file.stored_types.get(name) != "VARCHAR")
        ]
        if file.is_missing or not columns:
            continue
        for column, counts in _counts(connection, file, columns).items():
            if counts.is_odd:
                yield _finding(connection, file, column, counts)


def _finding(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str, counts: MarkCounts
) -> Finding:
    line, text = _first(connection, file, column)
    place = f"{file.path.name}, {file.unit} {line}, column {column}"
    if counts.is_wrong:
        raise InputError(
            f"{place}: {text!r} would be read as {float(text):g}, but in "
            f"{counted(counts.certain, 'amount')} of the column the point parts thousands, as in "
            f"1.234,56, so it means {meant_by(text)}. {PLAIN}."
        )
    return Finding(
        code="amounts_like_thousands",
        message=f"{place}: {text!r} is read as {float(text):g}, but may mean {meant_by(text)}: "
        f"{counts.grouped:,} of {counted(counts.marked, 'amount')} with a point have exactly "
        "three digits behind it.",
        remedy=f"If the point parts thousands: {PLAIN.lower()}. If these are thousandths, nothing "
        "need be done.",
        file=file,
        column_name=column,
        line_number=line,
        found_value=text,
        affected_count=counts.grouped,
    )


def _counts(
    connection: duckdb.DuckDBPyConnection, file: RawFile, columns: Sequence[str]
) -> dict[str, MarkCounts]:
    size = 4
    if file.format == PARQUET:
        names = [identifier(name) for name in columns]
        aggregates = ", ".join(mark_counts_sql(name, MARK) for name in names)
        with duckdb_path(file.path) as path:
            (row,) = connection.execute(
                f"select {aggregates} from read_parquet(?)", [path]
            ).fetchall()
    else:
        names = [f"c{file.header.index(name)}" for name in columns]
        aggregates = ", ".join(mark_counts_sql(f"trim({name})", MARK) for name in names)
        types = {f"c{number}": "VARCHAR" for number in range(len(file.header))}
        with readable_path(file.path, is_packed=file.format == GZIP) as (path, compression):
            (row,) = connection.execute(
                f"""
                select {aggregates} from read_csv(
                    ?, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
                    encoding = 'utf-8', columns = {types}, max_line_size = {MAX_LINE_BYTES},
                    compression = '{compression}', null_padding = false,
                    ignore_errors = true
                )
                """,
                [path],
            ).fetchall()
    return {
        name: MarkCounts(*row[place * size : (place + 1) * size])
        for place, name in enumerate(columns)
    }


def _first(connection: duckdb.DuckDBPyConnection, file: RawFile, column: str) -> tuple[int, str]:
    """Line, or number of the row, and text of the first amount that may be thousands."""
    if file.format == PARQUET:
        name = identifier(column)
        with duckdb_path(file.path) as path:
            ((row, text),) = connection.execute(
                f"""
                select file_row_number + 1, {name} from read_parquet(?, file_row_number = true)
                where regexp_full_match({name}, ?) order by 1 limit 1
                """,
                [path, grouped_pattern(MARK)],
            ).fetchall()
        return row, text
    place = file.header.index(column)
    return next(
        (line, row[place].strip())
        for line, row, _ in rows_one_by_one(file)
        if isinstance(row, list)
        and len(row) > place
        and re.fullmatch(grouped_pattern(MARK), row[place].strip())
    )

"""Reads one file or sheet into DuckDB as it stands, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from orchestration.errors import InputError
from orchestration.loading.files import MAX_LINE_BYTES, duckdb_path, first_line
from orchestration.loading.formats import PARQUET
from orchestration.loading.line_ends import ONE_END
from orchestration.loading.mapping.csv_text import FaultyRow, first_odd_line, open_csv
from orchestration.loading.mapping.sources import WORKBOOK, Source, read_text_columns
from orchestration.loading.packed import readable_path
from orchestration.loading.parquet import read_parquet_types
from orchestration.sql_text import identifier, literal

# The type of a sheet's columns: texts, but of cells that have types.
SHEET = "SHEET"


@dataclass(frozen=True)
class FileRows:
    """What was read.

    Attributes:
        header: names of the columns.
        types: of the columns, as they are stored.
        row_lines: first line of each row, where rows are not simply one after the other.
        faults: rows that could not be read.
    """

    header: list[str]
    types: list[str]
    row_lines: list[int] | None = None
    faults: list[FaultyRow] = field(default_factory=list)


def read_source(connection: duckdb.DuckDBPyConnection, source: Source) -> FileRows:
    """Read a file or a sheet into ``temp.stage_file`` with the columns c1, c2 and so on.

    Args:
        connection: any.
        source: what to read.

    Raises:
        InputError: it cannot be read.
    """
    try:
        if source.format == PARQUET:
            return _read_parquet(connection, source)
        if source.format == WORKBOOK:
            return _read_sheet(connection, source)
        return _read_csv(connection, source)
    except duckdb.Error as error:
        raise InputError(
            f"{source.name} cannot be read: {first_line(error)}. Export the file again, with the "
            "same line ends throughout, or state its delimiter and quote in the mapping."
        ) from error


def _read_parquet(connection: duckdb.DuckDBPyConnection, source: Source) -> FileRows:
    types = read_parquet_types(source.path)
    columns = [f"{identifier(name)} as c{number}" for number, name in enumerate(types, 1)]
    with duckdb_path(source.path) as path:
        connection.execute(
            f"""
            create or replace temp table stage_file as
            select {", ".join(columns)} from read_parquet(?)
            """,
            [path],
        )
    return FileRows(list(types), list(types.values()))


def _read_sheet(connection: duckdb.DuckDBPyConnection, source: Source) -> FileRows:
    header, batch = read_text_columns(source)
    columns = [f"{identifier(name)} as c{number}" for number, name in enumerate(header, 1)]
    connection.register("stage_sheet", batch)
    connection.execute(
        f"create or replace temp table stage_file as select {', '.join(columns)} from stage_sheet"
    )
    connection.unregister("stage_sheet")
    return FileRows(header, [SHEET] * len(header))


def _read_csv(connection: duckdb.DuckDBPyConnection, source: Source) -> FileRows:
    with open_csv(source) as text:
        columns = {f"c{place}": "VARCHAR" for place in range(1, len(text.header) + 1)}
        # Not in parallel, so that the rows keep their order, by which their lines are found.
        with (
            readable_path(text.path, is_packed=text.is_packed) as (path, compression),
            _odd_line_named(source, text.header),
        ):
            connection.execute(
                f"""
                create or replace temp table stage_file as select * from read_csv(
                    ?, auto_detect = false, header = true, skip = {text.skipped_lines},
                    delim = {literal(source.spec.delimiter)}, quote = {literal(source.spec.quote)},
                    escape = {literal(source.spec.quote)}, encoding = 'utf-8', columns = {columns},
                    max_line_size = {MAX_LINE_BYTES}, null_padding = false, parallel = false,
                    compression = '{compression}'
                )
                """,
                [path],
            )
        ((count,),) = connection.execute("select count(*) from temp.stage_file").fetchall()
        if count != text.row_count:
            raise InputError(
                f"{source.name}: expected {text.row_count:,} rows, but {count:,} could be read; "
                "export the file again, with quotes around text that holds quotes, delimiters or "
                "line breaks."
            )
        types = ["VARCHAR"] * len(text.header)
        return FileRows(text.header, types, text.row_lines, text.faults)


@contextmanager
def _odd_line_named(source: Source, header: list[str]) -> Iterator[None]:
    """Names the line of which DuckDB says nothing when it gives up."""
    try:
        yield
    except duckdb.Error as error:
        if odd := first_odd_line(source, header):
            raise InputError(f"{source.name}, {odd}. {ONE_END}.") from error
        raise

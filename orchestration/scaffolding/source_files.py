"""Looks at a folder of files: the type of each column, keys, and what the files are of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import RegularsError
from orchestration.loading.files import duckdb_path
from orchestration.loading.formats import FORMAT_OF_SUFFIX, PARQUET
from orchestration.loading.mapping.profile import Column, Looked, look_at_folder
from orchestration.loading.mapping.reading import read_source
from orchestration.loading.mapping.value_sql import text_of
from orchestration.paths import quoted
from orchestration.sql_text import identifier, literal

LOADED_TIMESTAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
# Whole numbers beyond do not fit into an integer of 32 bits.
MAX_INTEGER = 2**31 - 1
# Names of columns whose digits are no number to count with.
CODE_NAME = re.compile(r"(id|no|nr|number|code|key|zip|plz|phone|sku|ean|card)$")


@dataclass(frozen=True)
class FileColumn:
    """What was found of a column.

    Attributes:
        looked: counts and date format, as `regulars init` finds them.
        sniffed: the type that DuckDB gives to it.
        is_filled: whether it has a value in each row.
        is_unique: whether no value stands there twice.
        has_zeros: whether a number in it begins with a zero, as codes do.
        has_cents: whether all fractions have at most two digits.
        is_loaded_timestamp: whether the loader reads it as a timestamp as it is.
        largest: of numbers, without their sign.
    """

    looked: Column
    sniffed: str
    is_filled: bool
    is_unique: bool
    has_zeros: bool
    has_cents: bool
    is_loaded_timestamp: bool
    largest: float

    @property
    def name(self) -> str:
        """In the header."""
        return self.looked.name

    @property
    def is_key(self) -> bool:
        """Whether it could be what tells the rows of its file apart."""
        is_amount = self.sniffed.startswith(("DOUBLE", "DECIMAL", "FLOAT"))
        return self.is_unique and self.is_filled and not is_amount and not self.is_date

    @property
    def is_date(self) -> bool:
        """Whether nearly all values are dates."""
        return self.looked.date_format is not None or self.sniffed.startswith(("DATE", "TIMESTAMP"))

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers."""
        return self.sniffed in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT"}


@dataclass(frozen=True)
class File:
    """A file, its rows in a table of the connection.

    Attributes:
        looked: what `regulars init` sees of it.
        table: that has its rows as texts, columns named as in the file.
        stem: its name without its suffix.
        is_parquet: whether it has types of its own.
        columns: in the order of the file.
    """

    looked: Looked
    table: str
    stem: str
    is_parquet: bool
    columns: Sequence[FileColumn]

    def column(self, name: str) -> FileColumn:
        """The column of a name."""
        return next(column for column in self.columns if column.name == name)


def read_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[File]:
    """Read the files of a folder that the loader of a source would read.

    Args:
        connection: any; gets a table for each file.
        folder: of the files.

    Raises:
        RegularsError: there is none, or one is not as that loader wants it.
    """
    files = []
    for number, looked in enumerate(look_at_folder(connection, folder), 1):
        stem = _stem(looked)
        _check(looked)
        table = f"file_{number}"
        read_source(connection, looked.source)
        texts = [
            f"{text_of(f'c{column.place}', column.stored, ())} as {identifier(column.name)}"
            for column in looked.columns
        ]
        connection.execute(f"create table {table} as select {', '.join(texts)} from stage_file")
        types = _sniff(connection, looked)
        columns = [
            _describe(connection, table, column, types[column.name]) for column in looked.columns
        ]
        files.append(File(looked, table, stem, looked.source.format == PARQUET, columns))
    return files


def _stem(looked: Looked) -> str:
    """The name of a file without its suffix, which must be one of the loader's."""
    name = looked.source.path.name
    suffix = next((ending for ending in FORMAT_OF_SUFFIX if name.lower().endswith(ending)), None)
    if suffix is None:
        raise RegularsError(
            f"a source of its own reads {', '.join(FORMAT_OF_SUFFIX)}, but {looked.source.name} is "
            "none of these; export it so, or describe the files by a mapping (regulars init)"
        )
    return name[: -len(suffix)]


def _check(looked: Looked) -> None:
    spec, name = looked.source.spec, looked.source.name
    problem = None
    if looked.source.format != PARQUET:
        if spec.delimiter != ",":
            problem = f"values separated by commas, but {name} has {spec.delimiter!r} between them"
        elif spec.encoding != "utf-8":
            problem = f"UTF-8, but {name} is {spec.encoding}"
        elif spec.header_line != 1:
            problem = f"the header on line 1, but that of {name} is on line {spec.header_line}"
    header = [name.lower() for name in looked.header]
    for given in looked.header:
        # Braces would be Jinja in the YAML.
        is_odd = not given.strip() or not set('"{}').isdisjoint(given) or not given.isprintable()
        if is_odd or header.count(given.lower()) > 1:
            problem = f"a plain name of its own for each column, but {name} has {quoted(given)}"
    if problem is not None:
        raise RegularsError(
            f"a source of its own must have {problem}; export the file so, or describe the files "
            "by a mapping (regulars init)"
        )


def _sniff(connection: duckdb.DuckDBPyConnection, looked: Looked) -> dict[str, str]:
    """The type that DuckDB gives to each column, having seen all rows."""
    if looked.source.format == PARQUET:
        return {column.name: column.stored for column in looked.columns}
    with duckdb_path(looked.source.path) as path:
        try:
            rows = connection.execute(
                "describe select * from read_csv(?, header = true, delim = ',', quote = '\"', "
                "escape = '\"', sample_size = -1)",
                [path],
            ).fetchall()
        except duckdb.Error as error:
            raise RegularsError(
                f"{looked.source.name} must be CSV that can be read whole, but DuckDB says: "
                f"{str(error).splitlines()[0]}; mend that row, or export the file again"
            ) from error
    return {column.name: str(row[1]) for column, row in zip(looked.columns, rows, strict=True)}


def _describe(
    connection: duckdb.DuckDBPyConnection, table: str, column: Column, sniffed: str
) -> FileColumn:
    value = identifier(column.name)
    ((rows, filled, distinct, zeros, unusual, times, largest),) = connection.execute(
        rf"""
        select
            count(*), count({value}), count(distinct {value}),
            count(*) filter (regexp_matches({value}, '^0[0-9]')),
            count(*) filter (not regexp_full_match({value}, '-?[0-9]*([.][0-9]{{1,2}}0*)?')),
            count(*) filter (regexp_full_match({value}, {literal(LOADED_TIMESTAMP)})),
            max(abs(try_cast({value} as double)))
        from {table}
        """
    ).fetchall()
    return FileColumn(
        looked=column,
        sniffed=sniffed,
        is_filled=filled == rows > 0,
        is_unique=distinct == filled > 0,
        has_zeros=zeros > 0,
        has_cents=unusual == 0,
        is_loaded_timestamp=times == filled > 0,
        largest=float(largest or 0),
    )


def type_of(file: File, column: FileColumn, *, is_code: bool) -> str:
    """The type as which the loader reads a column.

    Args:
        file: that it is in.
        column: of the file.
        is_code: whether it is a key, or another text that may consist of digits.
    """
    if file.is_parquet:
        return _parquet_type(column)
    if column.is_loaded_timestamp:
        return "timestamp"
    is_number = column.is_whole or column.sniffed.startswith(("DOUBLE", "DECIMAL", "FLOAT"))
    if is_code or column.has_zeros or not is_number:
        return "varchar"
    if column.is_whole:
        is_code_name = CODE_NAME.search(column.name.lower()) is not None
        return "varchar" if column.largest > MAX_INTEGER or is_code_name else "integer"
    return "decimal(18, 2)" if column.has_cents else "double"


def _parquet_type(column: FileColumn) -> str:
    """Of a file with types of its own, since the loader refuses to read numbers as texts."""
    if column.sniffed.startswith(("DATE", "TIMESTAMP")):
        return "timestamp"
    if column.is_whole:
        return "integer" if column.largest <= MAX_INTEGER else "bigint"
    if column.sniffed.startswith(("DOUBLE", "DECIMAL", "FLOAT")):
        return "decimal(18, 2)" if column.has_cents else "double"
    return "boolean" if column.sniffed == "BOOLEAN" else "varchar"

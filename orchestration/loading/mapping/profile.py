"""Looks at the files of a folder: how each is written, and what its columns hold."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from orchestration.errors import InputError
from orchestration.loading.files import open_binary
from orchestration.loading.formats import PARQUET
from orchestration.loading.mapping.date_formats import find_date_format
from orchestration.loading.mapping.dialects import find_dialect, find_encoding
from orchestration.loading.mapping.parts import FileSpec
from orchestration.loading.mapping.reading import read_source
from orchestration.loading.mapping.sources import (
    WORKBOOK,
    Source,
    format_of,
    list_data_files,
    open_workbook,
)
from orchestration.loading.mapping.value_sql import text_of

HEAD_BYTES = 200_000


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: in the header.
        place: from 1.
        stored: its type.
        row_count: of the file.
        filled_count: of values.
        distinct_count: of different values, about.
        point_count: values that are numbers with a decimal point, or whole.
        comma_count: values that are numbers with a decimal comma, or whole.
        fraction_count: values that are numbers with a fraction.
        negative_count: values that begin with a minus.
        zero_count: values that are zero.
        email_count: values with the shape of an e-mail.
        date_format: that nearly all values have, if any.
        is_day_first_unsure: whether day and month could be the other way round.
        date_reason: how the format was told.
    """

    name: str
    place: int
    stored: str
    row_count: int
    filled_count: int
    distinct_count: int
    point_count: int
    comma_count: int
    fraction_count: int
    negative_count: int
    zero_count: int
    email_count: int
    date_format: str | None = None
    is_day_first_unsure: bool = False
    date_reason: str = ""

    @property
    def is_number(self) -> bool:
        """Whether nearly all values are numbers."""
        return max(self.point_count, self.comma_count) >= 0.98 * self.filled_count > 0

    @property
    def has_decimal_comma(self) -> bool:
        """Whether the numbers have a comma for a decimal mark."""
        return self.comma_count > self.point_count


@dataclass
class Looked:
    """A file or sheet, and what was seen.

    Attributes:
        source: how it is to be read.
        columns: in the order of the header.
        notes: what is not certain about how it is written.
    """

    source: Source
    columns: list[Column]
    notes: list[str] = field(default_factory=list)

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


def look_at_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Looked]:
    """Look at every file and sheet of a folder that may hold a shop's rows.

    Args:
        connection: any.
        folder: of the files.

    Raises:
        InputError: there is no such folder, or nothing in it that can be read.
    """
    if not folder.is_dir():
        raise InputError(f"expected a folder of files, but {folder} is none; name another one.")
    names = list_data_files(folder)
    if not names:
        raise InputError(
            f"{folder} has no data files; expected at least one .csv, .csv.gz, .tsv, .txt, .xlsx "
            "or .parquet file with the shop's orders."
        )
    looked = []
    for name in names:
        path = folder / name
        for source, notes in _sources(path):
            looked.append(_look(connection, source, notes))
    return looked


def _sources(path: Path) -> list[tuple[Source, list[str]]]:
    file_format = format_of(path)
    if file_format == PARQUET:
        return [(Source(path, PARQUET, FileSpec(path=path.name)), [])]
    if file_format == WORKBOOK:
        workbook = open_workbook(path)
        return [
            (Source(path, WORKBOOK, FileSpec(path=path.name), sheet), [])
            for sheet in workbook.sheet_names
            if workbook.load_sheet(sheet, dtypes="string").height > 0
        ]
    notes: list[str] = []
    encoding = find_encoding(path, file_format, notes)
    with open_binary(path, file_format) as stream:
        head = stream.read(HEAD_BYTES)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    delimiter, header_line = find_dialect(path.name, text, notes)
    spec = FileSpec(path=path.name, encoding=encoding, delimiter=delimiter, header_line=header_line)
    return [(Source(path, file_format, spec), notes)]


def _look(connection: duckdb.DuckDBPyConnection, source: Source, notes: list[str]) -> Looked:
    rows = read_source(connection, source)
    if rows.faults:
        first = rows.faults[0]
        notes.append(
            f"{source.name}, line {first.line_number}: {first.reason}. {len(rows.faults):,} such "
            "rows cannot be read."
        )
    columns = [
        _profile(connection, name, place, stored)
        for place, (name, stored) in enumerate(zip(rows.header, rows.types, strict=True), 1)
    ]
    connection.execute("drop table if exists temp.stage_file")
    return Looked(source, columns, notes)


def _profile(connection: duckdb.DuckDBPyConnection, name: str, place: int, stored: str) -> Column:
    text = text_of(f"c{place}", stored, ())
    connection.execute(
        f"create or replace temp table stage_text as select {text} as value from temp.stage_file"
    )
    bare = r"[-+]?[0-9]"
    (counts,) = connection.execute(
        rf"""
        select count(*), count(value), approx_count_distinct(value),
            count(*) filter (regexp_full_match(
                value, '{bare}*(,[0-9]{{3}})*(\.[0-9]+)?([eE][+-]?[0-9]+)?'
            )),
            count(*) filter (regexp_full_match(value, '{bare}*(\.[0-9]{{3}})*(,[0-9]+)?')),
            count(*) filter (regexp_full_match(value, '{bare}+[.,][0-9]+')),
            count(*) filter (regexp_full_match(value, '-[0-9.,]+')),
            count(*) filter (regexp_full_match(value, '-?0+([.,]0+)?')),
            count(*) filter (regexp_full_match(value, '[^@\s]+@[^@\s]+\.[^@\s]+'))
        from temp.stage_text
        """
    ).fetchall()
    column = Column(name, place, stored, *counts)
    date_format, is_unsure, reason = find_date_format(connection, column.filled_count)
    return replace(
        column, date_format=date_format, is_day_first_unsure=is_unsure, date_reason=reason
    )


def plain_name(name: str) -> str:
    """A column's name in small letters without signs.

    Example:
        >>> plain_name("Order-Date (UTC)")
        'orderdateutc'
    """
    text = name.lower()
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(letter, plain)
    return re.sub(r"[^a-z0-9]", "", text)


def distinct_values(
    connection: duckdb.DuckDBPyConnection, looked: Looked, name: str, limit: int
) -> Sequence[str]:
    """The most frequent values of a column."""
    column = looked.columns[looked.header.index(name)]
    read_source(connection, looked.source)
    rows = connection.execute(
        f"""
        select {text_of(f"c{column.place}", column.stored, ())} as value, count(*) as value_count
        from temp.stage_file group by value having value is not null
        order by value_count desc, value limit {limit}
        """
    ).fetchall()
    connection.execute("drop table if exists temp.stage_file")
    return [value for value, _ in rows]

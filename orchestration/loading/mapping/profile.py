"""Looks at the files of a folder: how each is written, and what its columns hold."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from orchestration.errors import InputError
from orchestration.loading.files import open_binary
from orchestration.loading.formats import PARQUET
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
from orchestration.sql_text import literal

HEAD_BYTES = 200_000
HEAD_ROWS = 60
DELIMITERS = (",", ";", "\t", "|")
# Day and month may be either way round: these come in pairs.
DATE_FORMATS = tuple(
    f"{day}{time}"
    for day in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
                "%Y%m%d", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%b %d %Y", "%b %d, %Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S %z", " %I:%M %p", " %I:%M:%S %p")
)  # fmt: skip
ISO_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)


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
    encoding = _find_encoding(path, file_format, notes)
    with open_binary(path, file_format) as stream:
        head = stream.read(HEAD_BYTES)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    delimiter, header_line = _find_dialect(path.name, text, notes)
    spec = FileSpec(path=path.name, encoding=encoding, delimiter=delimiter, header_line=header_line)
    return [(Source(path, file_format, spec), notes)]


def _find_encoding(path: Path, file_format: str, notes: list[str]) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_binary(path, file_format) as stream:
        first = stream.read(4)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        chunk = first
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read1(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            notes.append(
                f"{path.name} is not UTF-8 (byte 0x{byte:02x}); windows-1252 is taken. See that "
                "letters with accents are right."
            )
            return "windows-1252"
    return "utf-8"


def _find_dialect(name: str, text: str, notes: list[str]) -> tuple[str, int]:
    """The delimiter, and the line of the header: of the delimiters the one that splits evenly."""
    best: tuple[float, int, str, list[list[str]]] = (0.0, 0, ",", [])
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(text.splitlines(keepends=True)[:HEAD_ROWS], delimiter=delimiter))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, count = widths.most_common(1)[0]
            score = count / max(1, len([row for row in rows if row]))
            if (round(score, 2), width) > best[:2]:
                best = (round(score, 2), width, delimiter, rows)
    score, width, delimiter, rows = best
    if not width:
        notes.append(f"{name} has one column only, whatever separates its values.")
        return ",", 1
    if score < 0.9:
        notes.append(f"{name}: {delimiter!r} separates values in {score:.0%} of its first rows.")
    line = 1
    for row in rows:
        if len(row) == width and all(value.strip() for value in row):
            break
        line += 1 + sum(value.count("\n") for value in row)
    else:
        line = next((n for n, row in enumerate(rows, 1) if len(row) == width), 1)
    if line > 1:
        notes.append(f"{name}: the names of its columns seem to stand on line {line}.")
    return delimiter, line


def _look(connection: duckdb.DuckDBPyConnection, source: Source, notes: list[str]) -> Looked:
    found = read_source(connection, source)
    if found.faults:
        first = found.faults[0]
        notes.append(
            f"{source.name}, line {first.line_number}: {first.reason}. {len(found.faults):,} such "
            "rows cannot be read."
        )
    columns = [
        _profile(connection, name, place, stored)
        for place, (name, stored) in enumerate(zip(found.header, found.types, strict=True), 1)
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
    date_format, is_unsure, reason = _find_date_format(connection, column)
    return replace(
        column, date_format=date_format, is_day_first_unsure=is_unsure, date_reason=reason
    )


def _find_date_format(
    connection: duckdb.DuckDBPyConnection, column: Column
) -> tuple[str | None, bool, str]:
    """The format of nearly all values; and whether day and month could change places."""
    if column.filled_count == 0:
        return None, False, ""
    ((iso, dated),) = connection.execute(
        f"""
        select count(*) filter (regexp_full_match(value, '{ISO_PATTERN}')),
            count(*) filter (regexp_matches(value, '[0-9]{{1,4}}[-/. ,][A-Za-z0-9]{{1,3}}[-/. ,]')
                or regexp_full_match(value, '(19|20)[0-9]{{6}}'))
        from temp.stage_text
        """
    ).fetchall()
    if iso >= 0.98 * column.filled_count:
        return "iso", False, "dates of ISO"
    if dated < 0.98 * column.filled_count:
        return None, False, ""
    tries = ", ".join(
        f"count(*) filter (year(try_strptime(value, {literal(each)})) between 1970 and 2199)"
        for each in DATE_FORMATS
    )
    (counts,) = connection.execute(f"select {tries} from temp.stage_text").fetchall()
    most = max(counts)
    return _choose_format(connection, column, counts, most)


def _choose_format(
    connection: duckdb.DuckDBPyConnection, column: Column, counts: Sequence[int], most: int
) -> tuple[str | None, bool, str]:
    """Of the formats that fit most values, the one that the order of the rows speaks for."""
    if most < 0.98 * column.filled_count:
        return None, False, ""
    # "%Y" reads two digits and "%y" refuses four, so the narrower one comes first.
    fitting = [each for each, count in zip(DATE_FORMATS, counts, strict=True) if count == most]
    if any("%y" in each for each in fitting):
        fitting = [each for each in fitting if "%y" in each]
    if len(fitting) == 1:
        return fitting[0], False, f"{most:,} of {column.filled_count:,} values fit no other format"
    backward = {each: _steps_back(connection, each) for each in fitting[:2]}
    first, second = sorted(backward, key=lambda each: (backward[each], not each.startswith("%d")))
    if backward[first] < backward[second]:
        return (
            first,
            True,
            (
                f"day and month could change places; so read, the rows go back in time "
                f"{backward[first]:,} times, else {backward[second]:,}"
            ),
        )
    return first, True, "day and month could change places; the day is taken to come first"


def _steps_back(connection: duckdb.DuckDBPyConnection, date_format: str) -> int:
    """How often a row is earlier than the one before it: exports are mostly in order of time."""
    ((count,),) = connection.execute(
        f"""
        select least(count(*) filter (moment < before), count(*) filter (moment > before)) from (
            select try_strptime(value, {literal(date_format)}) as moment,
                lag(moment) over (order by rowid) as before
            from temp.stage_text
        )
        """
    ).fetchall()
    return int(count)


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

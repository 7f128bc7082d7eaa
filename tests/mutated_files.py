"""Raw files spoilt at random from a seed, and what Python's own csv module reads in them."""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.loading.tables import RawTable

Rows = list[list[str]]

FOLDERS = (
    "shop", "order_status=delivered", "shop [2]", "a*b", "a?b", "{a,b}", "$HOME", "it's", "~",
    "s3:", "http:", "dots.", "new\nline", "back\\slash", 'quo"te', "a#b", "a%20b", "sp ace ",
)  # fmt: skip
KEYS = (
    "nan", "NULL", "None", "\\N", "N/A", "-", "undefined", "#N/A", "guest", "Unknown", "anonymous",
    "test", "0", "000", "1.23457E+31", "4.5e+10", '="01113"', "'01113", "87634.0", " a1b2", "a1b2 ",
    "\u00a0a1b2", "", " ", "NaN", "<NA>", "(null)", "noreply@shop.com", "?", "a1b2\t",
)  # fmt: skip
NUMBERS = (
    "5", "4.6", "1e3", "0x5", "-", "", "99999999999", "1,500", "R$ 5", "58,90", "12.345", "nan",
    "inf", "1_000", "+7", " 7 ", "007", "1.0", "58.900000000000006", "-3", "1e400", "٣", "0.001",
    "true", "99999999999999999.00", ".5", "5.", "--5", "1 000",
)  # fmt: skip
TIMES = (
    "2018-02-30 00:00:00", "2018-08-29", "2018-08-29T15:00:37Z", "018-08-29 15:00:37", "infinity",
    "29/08/2018 15:00:00", "2018-08-29 24:00:00", "2018-08-29 15:00:60", "2018-08-29  5:00:37", "",
    "2018-08-29 15:00:37.5", "1970-01-01 00:00:00", "2099-12-31 23:59:59", "0018-08-29 15:00:37",
    " 2018-08-29 15:00:3", "2018-8-29 015:00:37", "epoch", "2018-08-29 15:00:37+00",
    "2018-08-29 1:00:37 ", "9999-12-31 23:59:59", "0000-01-01 00:00:00",
)  # fmt: skip
TEXTS = (
    "", " ", '"', '""', ",", "a,b", 'a"b', "a\nb", "a\r\nb", "a\rb", "\\", '\\"', "'", "é", "日本",
    "\u200b", "\ufeff", "NULL", "x" * 3000, "a\0b", ";", "\t", "# no", '="x"', "\x1a", "\u2028",
)  # fmt: skip
BYTES = (
    b'"', b",", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xe2\x80", b"\\", b"'", b" ",
    b'""', b'"\n', b',"', b"\xef\xbb\xbf", b"\x1f\x8b", b"\x1a", b"\xed\xa0\x80", b"\n\n", b";",
    b'","', b"\xc2\xa0",
)  # fmt: skip


@dataclass
class Spoilt:
    """A file that was spoilt, and how."""

    file_name: str
    content: bytes
    description: str


def write(
    rows: Rows, *, quoting: int = csv.QUOTE_MINIMAL, end: str = "\n", delimiter: str = ","
) -> bytes:
    """The rows as a CSV file; a bare carriage return has quotes, as the csv module wants it."""
    if any("\r" in value for row in rows for value in row):
        quoting = csv.QUOTE_ALL
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end, quoting=quoting, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode()


def spoil(rng: random.Random, table: RawTable, rows: Rows) -> Spoilt:
    """One to three changes of rows, of how they are written, of bytes, or of the file's name."""
    rows = [list(row) for row in rows]
    changes = []
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        change = rng.choice(ROW_CHANGES)
        changes.append(change.__name__)
        change(rng, table, rows)
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    end = rng.choice(("\n", "\n", "\r\n"))
    content = write(rows, quoting=quoting, end=end)
    name = f"{table.file_stem}.csv"
    for _ in range(rng.choice((0, 1, 1, 2)) if changes else rng.choice((1, 1, 2))):
        change_bytes = rng.choice(BYTE_CHANGES)
        changes.append(change_bytes.__name__)
        content = change_bytes(rng, content)
    if rng.random() < 0.15:
        change_file = rng.choice(FILE_CHANGES)
        changes.append(change_file.__name__)
        name, content = change_file(table, rows, content)
    return Spoilt(name, content, ", ".join(changes))


def _place(rng: random.Random, rows: Rows) -> list[str]:
    return rows[rng.randrange(1, len(rows))] if len(rows) > 1 else rows[0]


def bad_cell(rng: random.Random, table: RawTable, rows: Rows) -> None:
    names = [name for name in table.columns if name in rows[0]]
    row = _place(rng, rows)
    if not names:
        return
    name = rng.choice(names)
    if rows[0].index(name) < len(row):
        kind = table.columns[name]
        values = TIMES if kind == "TIMESTAMP" else NUMBERS
        row[rows[0].index(name)] = rng.choice(TEXTS if kind == "VARCHAR" else values)


def bad_key(rng: random.Random, table: RawTable, rows: Rows) -> None:
    names = [name for name in table.roles.values() if name in rows[0]]
    row = _place(rng, rows)
    if names and len(row) == len(rows[0]):
        row[rows[0].index(rng.choice(names))] = rng.choice(KEYS)


def a_value_more(rng: random.Random, table: RawTable, rows: Rows) -> None:
    row = _place(rng, rows)
    row.insert(rng.randrange(len(row) + 1), rng.choice(("", "more")))


def a_value_less(rng: random.Random, table: RawTable, rows: Rows) -> None:
    row = _place(rng, rows)
    if len(row) > 1:
        del row[rng.randrange(len(row))]


def row_twice(rng: random.Random, table: RawTable, rows: Rows) -> None:
    rows.insert(rng.randrange(1, len(rows) + 1), list(_place(rng, rows)))


def row_gone(rng: random.Random, table: RawTable, rows: Rows) -> None:
    if len(rows) > 1:
        del rows[rng.randrange(1, len(rows))]


def all_rows_gone(rng: random.Random, table: RawTable, rows: Rows) -> None:
    del rows[1:]


def blank_line(rng: random.Random, table: RawTable, rows: Rows) -> None:
    rows.insert(rng.randrange(1, len(rows) + 1), [])


def header_again(rng: random.Random, table: RawTable, rows: Rows) -> None:
    change = rng.choice((str, str.upper, lambda name: f" {name}", str.title))
    rows.insert(rng.randrange(1, len(rows) + 1), [change(name) for name in rows[0]])


def other_header(rng: random.Random, table: RawTable, rows: Rows) -> None:
    rows.insert(rng.randrange(1, len(rows) + 1), rng.sample(rows[0], len(rows[0])))


def column_renamed(rng: random.Random, table: RawTable, rows: Rows) -> None:
    place = rng.randrange(len(rows[0]))
    rows[0][place] = rng.choice((rows[0][place].upper(), rows[0][place] + " ", "other", ""))


def columns_moved(rng: random.Random, table: RawTable, rows: Rows) -> None:
    order = rng.sample(range(len(rows[0])), len(rows[0]))
    rows[:] = [[row[i] for i in order] if len(row) == len(order) else row for row in rows]


def column_more(rng: random.Random, table: RawTable, rows: Rows) -> None:
    place = rng.randrange(len(rows[0]) + 1)
    name = rng.choice(("", "extra", "a,b", "a\nb", 'a"b', rows[0][0], rows[0][0].upper()))
    rows[:] = [[*row[:place], name if row is rows[0] else "x", *row[place:]] for row in rows]


def column_less(rng: random.Random, table: RawTable, rows: Rows) -> None:
    place = rng.randrange(len(rows[0]))
    rows[:] = [[*row[:place], *row[place + 1 :]] for row in rows]


def column_changed(rng: random.Random, table: RawTable, rows: Rows) -> None:
    rng.choice((column_renamed, column_more, column_more, column_less))(rng, table, rows)


ROW_CHANGES: tuple[Callable[[random.Random, RawTable, Rows], None], ...] = (
    bad_cell, bad_cell, bad_cell, bad_cell, bad_key, bad_key, bad_key, a_value_more, a_value_less,
    row_twice, row_gone, all_rows_gone, blank_line, header_again, other_header, columns_moved,
    column_changed,
)  # fmt: skip


def nothing(rng: random.Random, content: bytes) -> bytes:
    return content


def byte_put_in(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    return content[:place] + rng.choice(BYTES) + content[place:]


def byte_replaced(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(max(len(content), 1))
    return content[:place] + rng.choice(BYTES) + content[place + 1 :]


def bytes_gone(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    return content[:place] + content[place + rng.choice((1, 1, 2, 7, 40)) :]


def cut_off(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def head_cut_off(rng: random.Random, content: bytes) -> bytes:
    return content[rng.randrange(min(len(content), 40) + 1) :]


def part_twice(rng: random.Random, content: bytes) -> bytes:
    begin = rng.randrange(len(content) + 1)
    end = min(len(content), begin + rng.choice((3, 50, 400)))
    return content[:end] + content[begin:end] + content[end:]


def file_twice(rng: random.Random, content: bytes) -> bytes:
    return content + rng.choice((b"", b"\n", b"\xef\xbb\xbf")) + content


def quote_gone(rng: random.Random, content: bytes) -> bytes:
    places = [place.start() for place in re.finditer(b'"', content)]
    if not places:
        return content
    place = rng.choice(places)
    return content[:place] + content[place + 1 :]


def one_other_end(rng: random.Random, content: bytes) -> bytes:
    places = [place.start() for place in re.finditer(b"\r?\n", content)]
    if not places:
        return content
    place = rng.choice(places)
    other = b"\n" if content[place : place + 1] == b"\r" else b"\r\n"
    return content[:place] + other + content[place:].lstrip(b"\r").removeprefix(b"\n")


def byte_order_mark(rng: random.Random, content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def other_encoding(rng: random.Random, content: bytes) -> bytes:
    encoding = rng.choice(("utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32"))
    return content.decode(errors="replace").encode(encoding, errors="replace")


def other_separator(rng: random.Random, content: bytes) -> bytes:
    return content.replace(b",", rng.choice((b";", b"\t", b"|")))


def old_line_ends(rng: random.Random, content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r")


def no_last_end(rng: random.Random, content: bytes) -> bytes:
    return content.rstrip(b"\r\n")


BYTE_CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    nothing, nothing, byte_put_in, byte_put_in, byte_replaced, byte_replaced, bytes_gone, cut_off,
    head_cut_off, part_twice, file_twice, quote_gone, one_other_end, byte_order_mark,
    other_encoding, other_separator, old_line_ends, no_last_end,
)  # fmt: skip
FileChange = Callable[[RawTable, Rows, bytes], tuple[str, bytes]]


def packed(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    return f"{table.file_stem}.csv.gz", gzip.compress(content, 1, mtime=0)


def packed_under_another_name(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    return f"{table.file_stem}.csv", gzip.compress(content, 1, mtime=0)


def packed_in_two_parts(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    half = len(content) // 2
    parts = gzip.compress(content[:half], 1), gzip.compress(content[half:], 1)
    return f"{table.file_stem}.csv.gz", b"".join(parts)


def packed_and_cut(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    whole = gzip.compress(content, 1, mtime=0)
    return f"{table.file_stem}.csv.gz", whole[: len(whole) * 2 // 3]


def packed_with_more_behind(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    return f"{table.file_stem}.csv.gz", gzip.compress(content, 1, mtime=0) + b"more"


def packed_twice(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    return f"{table.file_stem}.csv.gz", gzip.compress(gzip.compress(content, 1), 1)


def packed_in_name_only(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    return f"{table.file_stem}.csv.gz", content


def parquet_in_name_only(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    return f"{table.file_stem}.parquet", content


def zipped(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml" if len(content) % 2 else "a.csv", content)
    return f"{table.file_stem}.csv", stream.getvalue()


def parquet(table: RawTable, rows: Rows, content: bytes) -> tuple[str, bytes]:
    names = [name or "unnamed" for name in rows[0]]
    whole = [row for row in rows[1:] if len(row) == len(names)]
    columns = [pa.array([row[i] for row in whole], pa.string()) for i in range(len(names))]
    stream = io.BytesIO()
    pq.write_table(pa.table(columns, names=names), stream)
    suffix = ".parquet" if len(content) % 2 else ".csv"
    return table.file_stem + suffix, stream.getvalue()


FILE_CHANGES: tuple[FileChange, ...] = (
    packed, packed, packed_under_another_name, packed_in_two_parts, packed_and_cut,
    packed_with_more_behind, packed_twice, packed_in_name_only, parquet_in_name_only, zipped,
    parquet, parquet,
)  # fmt: skip


def read_by_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Line (counted by line feeds) and values of each row that is not blank, the header first."""
    if content.startswith(b"PAR1"):
        table = pq.read_table(pa.BufferReader(content))
        yield 0, table.column_names
        for number, row in enumerate(zip(*table.to_pydict().values(), strict=True), 1):
            yield number, list(row)
        return
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    text = content.decode("utf-8-sig", errors="replace")
    line, consumed = 1, 0

    def lines() -> Iterator[str]:
        nonlocal consumed
        for text_line in io.StringIO(text, newline=""):
            consumed += text_line.count("\n")
            yield text_line

    for row in csv.reader(lines()):
        if row:
            yield line, row
        line = 1 + consumed


def is_same(value: Any, text: str, kind: str) -> bool:
    """Whether a value of the warehouse is what a text says, floats' noise apart."""
    if value is None or text == "":
        return value is None and text == ""
    try:
        if kind in {"INTEGER", "DECIMAL(18, 2)"}:
            return abs(Decimal(text) - Decimal(value)) < Decimal("0.000001")
        if kind == "DOUBLE":
            return float(text) == value
        if kind == "TIMESTAMP":
            return datetime.strptime(text, "%Y-%m-%d %H:%M:%S") == value
    except (InvalidOperation, ValueError):
        return False
    return bool(value == text)


def place(folder: Path, spoilt: Spoilt) -> None:
    """Put the file into an empty folder."""
    folder.mkdir(parents=True)
    (folder / spoilt.file_name).write_bytes(spoilt.content)

"""CSV files of any dialect: their header, and their faulty rows, found only after a fault."""

from __future__ import annotations

import codecs
import csv
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.csv_faults import find_odd_line, rows_of_stream
from orchestration.loading.files import MAX_LINE_BYTES, open_binary
from orchestration.loading.formats import GZIP
from orchestration.loading.line_ends import BARE_RETURN, ONE_END
from orchestration.loading.mapping.sources import Source
from orchestration.loading.rejects import ENDS_IN_ZEROS, fault_of, wrong_count

CHUNK = 1 << 20


@dataclass(frozen=True)
class FaultyRow:
    """A row that cannot be read: its first line, why, and its text."""

    line_number: int
    reason: str
    raw_line: str


@dataclass
class CsvText:
    """A CSV file that DuckDB can read: UTF-8, with its faulty rows taken out.

    Attributes:
        path: of the file itself, or of a copy.
        is_packed: by gzip.
        header: names of the columns.
        skipped_lines: before the header.
        row_count: rows below the header.
        row_lines: first line of each row, if they are not simply one after the other.
        faults: rows that were taken out.
    """

    path: Path
    is_packed: bool
    header: list[str]
    skipped_lines: int
    row_count: int
    row_lines: list[int] | None
    faults: list[FaultyRow]


@contextmanager
def open_csv(source: Source) -> Iterator[CsvText]:
    """A CSV file in a form that DuckDB reads as it is meant.

    Another encoding is turned into UTF-8, and faulty rows are left out, in a copy. Rows do not go
    through Python unless something is amiss.

    Args:
        source: the file and its dialect.

    Yields:
        The file, or its copy, which is gone after the block.

    Raises:
        InputError: it is not in the encoding that the mapping states, or has no header.
    """
    with tempfile.TemporaryDirectory(prefix="regulars-csv-") as folder:
        path, is_packed = source.path, source.format == GZIP
        if source.spec.encoding.replace("_", "-") not in {"utf-8", "utf8"}:
            path, is_packed = _as_utf_8(source, Path(folder)), False
        header = read_csv_header(source, path, is_packed)
        rows, is_simple = _count_rows(source, path, is_packed, len(header))
        lines: list[int] | None = None
        faults: list[FaultyRow] = []
        skipped = source.spec.header_line - 1
        if not is_simple:
            path, lines, faults = _without_faults(
                source, path, is_packed, len(header), Path(folder)
            )
            is_packed, rows, skipped = False, len(lines), 0
        yield CsvText(path, is_packed, header, skipped, rows, lines, faults)


def _open(path: Path, is_packed: bool) -> BufferedIOBase:
    return open_binary(path, GZIP if is_packed else "csv")


def _as_utf_8(source: Source, folder: Path) -> Path:
    copy = folder / "utf-8.csv"
    encoding = source.spec.encoding
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        with open_binary(source.path, source.format) as stream, copy.open("wb") as out:
            while chunk := stream.read(CHUNK):
                text = decoder.decode(chunk)
                line += text.count("\n")
                out.write(text.encode())
            out.write(decoder.decode(b"", final=True).encode())
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise InputError(
            f"{source.name}, line {line}: byte 0x{error.object[error.start]:02x} is not "
            f"{encoding}; state another encoding in the mapping, such as utf-8 or windows-1252."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise _cut_off(source, line, error) from error
    return copy


def _cut_off(source: Source, line: int, error: BaseException) -> InputError:
    return InputError(
        f"{source.name} cannot be read beyond line {line}: {error}. The file may have been cut "
        "off; export or copy it again."
    )


def read_csv_header(source: Source, path: Path, is_packed: bool) -> list[str]:
    """The names of the columns, on the line that the mapping states."""
    spec = source.spec
    csv.field_size_limit(MAX_LINE_BYTES)
    try:
        with _open(path, is_packed) as stream:
            for _ in range(spec.header_line - 1):
                stream.readline()
            lines = (line.decode("utf-8-sig") for line in stream)
            reader = csv.reader(lines, delimiter=spec.delimiter, quotechar=spec.quote, strict=True)
            header = next(reader, [])
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source.name}, line {spec.header_line}: byte 0x{error.object[error.start]:02x} is "
            f"not {spec.encoding}; state its encoding in the mapping, such as windows-1252."
        ) from error
    except csv.Error as error:
        if fault_of(error) == BARE_RETURN:
            raise InputError(
                f"{source.name}, line {spec.header_line}: {BARE_RETURN}. {ONE_END}."
            ) from error
        raise InputError(
            f"{source.name}, line {spec.header_line}: the header cannot be read ({error}); a quote "
            "may be opened and never closed. Mend it, or state another header_line."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise _cut_off(source, 1, error) from error
    if not any(name.strip() for name in header):
        raise InputError(
            f"{source.name}, line {spec.header_line}: expected the names of columns, found "
            "nothing; state the header_line, or export the file again."
        )
    return [name.strip() for name in header]


def _count_rows(source: Source, path: Path, is_packed: bool, width: int) -> tuple[int, bool]:
    """Rows below the header, and whether each is a line of its own with the right number of values.

    DuckDB compares no checksum of a packed file, passes over a row in which the file ends inside a
    quote, and takes a row with one value too many if the last one is empty.
    """
    spec = source.spec
    quote, delimiter = spec.quote.encode(), spec.delimiter.encode()
    marks = ends = lines = 0
    is_quoted, last, is_first, has_blank = False, b"", True, False
    try:
        with _open(path, is_packed) as stream:
            for _ in range(spec.header_line - 1):
                stream.readline()
            while chunk := stream.read1(CHUNK):
                has_blank |= b"\n\n" in last + chunk or b"\n\r\n" in last + chunk
                parts = chunk.split(quote)
                marks += sum(part.count(delimiter) for part in parts[is_quoted::2])
                ends += sum(part.count(b"\n") for part in parts[is_quoted::2])
                lines += chunk.count(b"\n")
                is_quoted ^= len(parts) % 2 == 0
                last, is_first = chunk[-2:], False
    except (OSError, EOFError, zlib.error) as error:
        raise _cut_off(source, lines + spec.header_line, error) from error
    if last.endswith(b"\0"):
        raise InputError(f"{source.name}, line {lines + spec.header_line}: {ENDS_IN_ZEROS}")
    if not is_first and not last.endswith(b"\n"):
        ends, lines = ends + 1, lines + 1
    adds_up = not is_quoted and not has_blank and marks == ends * (width - 1) and ends == lines
    return ends - 1, adds_up and _is_utf_8(path, is_packed)


def first_odd_line(source: Source, header: Sequence[str]) -> str:
    """The line for which DuckDB may have given up, and what is odd there; else nothing."""
    spec = source.spec
    if spec.encoding.replace("_", "-").lower().startswith(("utf-16", "utf-32")):
        return ""  # its line ends are no single bytes
    return find_odd_line(
        partial(_from_header, source),
        header,
        first_line=spec.header_line,
        delimiter=spec.delimiter,
        quote=spec.quote,
        encoding=spec.encoding,
    )


def _from_header(source: Source) -> BufferedIOBase:
    """The file, open at the line of its header."""
    stream = open_binary(source.path, source.format)
    for _ in range(source.spec.header_line - 1):
        stream.readline()
    return stream


def _is_utf_8(path: Path, is_packed: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with _open(path, is_packed) as stream:
            while chunk := stream.read1(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _without_faults(
    source: Source, path: Path, is_packed: bool, width: int, folder: Path
) -> tuple[Path, list[int], list[FaultyRow]]:
    """A copy without faulty and blank rows, the first line of each row, and the faults."""
    copy = folder / "rows.csv"
    lines: list[int] = []
    faults: list[FaultyRow] = []
    spec = source.spec
    with _open(path, is_packed) as stream, copy.open("wb") as out:
        for _ in range(spec.header_line - 1):
            stream.readline()
        rows = rows_of_stream(
            stream, first_line=spec.header_line, delimiter=spec.delimiter, quote=spec.quote
        )
        for number, (line, values, raw) in enumerate(rows):
            if values == []:
                continue
            reason = _fault_of(values, raw, width, source)
            if reason is not None and number > 0:
                text = raw.decode(errors="backslashreplace").rstrip("\r\n")
                faults.append(FaultyRow(line, reason, text))
                continue
            if number > 0:
                lines.append(line)
            out.write(raw if raw.endswith(b"\n") else raw + b"\n")
    return copy, lines, faults


def _fault_of(values: list[str] | csv.Error, raw: bytes, width: int, source: Source) -> str | None:
    if isinstance(values, csv.Error):
        return fault_of(values)
    if len(values) != width:
        return wrong_count(width, len(values))
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"byte 0x{raw[error.start]:02x} is not {source.spec.encoding}"
    return None

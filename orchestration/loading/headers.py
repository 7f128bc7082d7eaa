"""How a file begins: its first line, and whether the columns that it names are right."""

from __future__ import annotations

import codecs
import csv
import difflib
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.files import MAX_LINE_BYTES, RawFile, open_binary
from orchestration.loading.formats import GZIP
from orchestration.loading.lists import topics_of
from orchestration.paths import quoted, shown_text


def read_header(path: Path, file_format: str) -> list[str]:
    """The columns that the first row names.

    Args:
        path: a CSV file.
        file_format: ``csv`` or ``gzip``.

    Raises:
        InputError: the row cannot be read as UTF-8 text.
    """
    read: list[str] = []
    try:
        with open_binary(path, file_format) as stream:
            lines = _text_lines(path.name, stream, read)
            return next(csv.reader(lines, strict=True), [])
    except csv.Error as error:
        values = next(csv.reader(read[:1]), [])
        if len(values) == 1:  # not separated by commas, so its quotes are not where ours are
            return values
        raise InputError(
            f"{path.name}, line 1: the header cannot be read ({error}); a quote may be opened and "
            "never closed. Mend the header, or export the file again."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        action = "unpacked" if file_format == GZIP else "opened"
        raise InputError(f"{path.name} cannot be {action}: {error}. Export it again.") from error


def _text_lines(name: str, stream: BufferedIOBase, read: list[str]) -> Iterator[str]:
    """The lines of a header, which are more than one if a column's name holds a line break.

    Each is appended to ``read``, too.
    """
    number, left = 1, MAX_LINE_BYTES
    while left > 0 and (line := stream.readline(left)):
        left -= len(line)
        read.append(_decode(name, number, line))
        yield read[-1]
        number += 1


def _decode(name: str, number: int, line: bytes) -> str:
    where = f"{name}, line {number}"
    if encoding := _other_encoding(line):
        raise InputError(
            f"{where}: expected UTF-8, but it begins with {line[:4]!r}, which looks like "
            f"{encoding}; save the file as UTF-8."
        )
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, but byte {error.start + 1} is 0x{line[error.start]:02x}; "
            "save the file as UTF-8."
        ) from error
    if "\0" in text:
        raise InputError(
            f"{where}: expected text, but byte {line.index(0) + 1} is 0x00; this is no CSV file. "
            "Export it again."
        )
    if "\r" in text.rstrip("\r\n"):
        raise InputError(
            f"{where}: expected lines that end in \\n or \\r\\n, found a bare \\r; save the file "
            "with the line ends of Unix or Windows."
        )
    return text


def _other_encoding(line: bytes) -> str:
    """What a mark says, or zeros among Latin text: every other byte, or three of four."""
    if line.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    if line[:400].count(0) > 0.7 * len(line[:400]) > 0:
        return "UTF-32"
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    halves = line[:200:2], line[1:200:2]
    return "UTF-16" if any(half.count(0) > 0.8 * len(half) > 0 for half in halves) else ""


def check_header(file: RawFile, header: Sequence[str]) -> None:
    """See that each wanted column is there once.

    Args:
        file: the file.
        header: what it calls its columns.

    Raises:
        InputError: one is missing, or stands there twice, or one that tells of meaning does.
    """
    table = file.table
    where = file.path.name + (", line 1" if file.unit == "line" else "")
    repeated = sorted({name for name in header if header.count(name) > 1})
    repeated = [name for name in repeated if name in table.columns or topics_of(name)]
    if repeated:
        raise InputError(
            f"{where}: the column {quoted(repeated[0])} stands there more than once; "
            "keep one of them."
        )
    missing = [name for name in table.columns if name not in header]
    if not missing:
        return
    unknown = [name for name in header if name not in table.columns]
    if len(header) == 1 and (other := next((sign for sign in ";\t|" if sign in header[0]), None)):
        raise InputError(
            f"{where}: expected columns separated by commas, found "
            f"{quoted(header[0])}; save the file with ',' in place of {other!r}."
        )
    plain = {name.strip().lower(): name for name in header}
    if len(missing) > 1 and all(name.lower() in plain for name in missing):
        pairs = ", ".join(f"{plain[name.lower()]!r} for {name!r}" for name in missing)
        raise InputError(f"{where}: columns differ in case or blanks only: {pairs}. Rename them.")
    if not any(name.lower() in plain for name in table.columns) and file.unit == "line":
        shown = shown_text(", ".join(header), 200)
        raise InputError(
            f"{where} is no header: it has none of the columns {', '.join(table.columns)}, but "
            f"{quoted(shown, 200)}. Begin the file with the line that names the columns; delete "
            "what stands above it."
        )
    hints = []
    for name in missing:
        close = difflib.get_close_matches(name, unknown, n=1, cutoff=0.6)
        hint = f" (is it {quoted(close[0])}? then rename that)" if close else ""
        hints.append(f"{name!r}{hint}")
    raise InputError(
        f"{where}: the column {', '.join(hints)} is missing; expected "
        f"{', '.join(table.columns)}, found {shown_text(', '.join(header), 2_000) or 'no columns'}."
    )

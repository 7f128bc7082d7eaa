"""How a file begins: its first line, and whether the columns that it names are right."""

from __future__ import annotations

import codecs
import csv
import difflib
import zlib
from collections.abc import Sequence
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.files import open_binary
from orchestration.loading.rejects import MAX_LINE_BYTES
from orchestration.loading.tables import RawTable


def read_header(path: Path, suffix: str) -> list[str]:
    """The columns that the first line names.

    Raises:
        InputError: the line cannot be read as UTF-8 text.
    """
    try:
        with open_binary(path, suffix) as stream:
            line = stream.readline(MAX_LINE_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        what = "unpacked" if suffix == ".csv.gz" else "opened"
        raise InputError(f"{path.name} cannot be {what}: {error}. Export it again.") from error
    if not line:
        raise InputError(
            f"{path.name} is empty (0 bytes); expected a header line and rows. Export it again."
        )
    if b"\0" in line or line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(
            f"{path.name}, line 1: expected UTF-8, but it begins with {line[:4]!r}, which looks "
            "like UTF-16; save the file as UTF-8."
        )
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, line 1: expected UTF-8, but byte {error.start + 1} is "
            f"0x{line[error.start]:02x}; save the file as UTF-8."
        ) from error
    if "\r" in text:
        raise InputError(
            f"{path.name}, line 1: expected lines that end in \\n or \\r\\n, found a bare \\r; "
            "save the file with the line ends of Unix or Windows."
        )
    return next(csv.reader([text]), [])


def check_header(file_name: str, table: RawTable, header: Sequence[str]) -> None:
    """See that each wanted column is there once.

    Raises:
        InputError: one is missing, or stands there twice.
    """
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{file_name}, line 1: the column {repeated[0]!r} stands there more than once; "
            "keep one of them."
        )
    missing = [name for name in table.columns if name not in header]
    if not missing:
        return
    unknown = [name for name in header if name not in table.columns]
    if len(header) == 1 and (other := next((sign for sign in ";\t|" if sign in header[0]), None)):
        raise InputError(
            f"{file_name}, line 1: expected columns separated by commas, found {header[0]!r}; "
            f"save the file with ',' in place of {other!r}."
        )
    hints = []
    for name in missing:
        close = difflib.get_close_matches(name, unknown, n=1, cutoff=0.6)
        hints.append(f"{name!r}" + (f" (is it {close[0]!r}? then rename that)" if close else ""))
    raise InputError(
        f"{file_name}, line 1: the column {', '.join(hints)} is missing; expected "
        f"{', '.join(table.columns)}, found {', '.join(header) or 'no columns'}."
    )

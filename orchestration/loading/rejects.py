"""Rows that cannot be read, and the sentences that name them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from orchestration.errors import InputError
from orchestration.loading.bad_values import is_header
from orchestration.loading.files import MAX_LINE_BYTES, RawFile, RejectedRow
from orchestration.loading.line_ends import BARE_RETURN
from orchestration.loading.values import TEXT, no_value
from orchestration.paths import shown_text

UNCLOSED = (
    "a quote is opened and never closed, or text follows a closing quote; the file may have been "
    "cut off"
)
ENDS_IN_ZEROS = (
    "the text ends in bytes that are 0x00, as after a copy in blocks or a power cut; expected a "
    "line end. Export or copy the file again."
)
REPEATED_HEADER = "the header stands here once more; two files may have been joined"


def explain_reject(
    file: RawFile, line: int, column: str | None, kind: str, raw: bytes, message: str
) -> RejectedRow:
    """A row that DuckDB set aside, with the reason in plain words."""
    value: str | None = None
    sql_type = file.table.columns.get(column or "", TEXT)
    text = raw.decode(errors="backslashreplace").rstrip("\r\n")
    if is_repeated_header(file, line, _values_of(text)):
        return RejectedRow(file.path.name, line, None, None, REPEATED_HEADER, text)
    if kind == "CAST":
        value = message.partition('convert string "')[2].rpartition('" to ')[0]
        reason = no_value(value, sql_type)
    elif kind in {"MISSING COLUMNS", "TOO MANY COLUMNS"}:
        reason = wrong_count(*(int(number) for number in re.findall(r"\d+", message)[:2]))
        column = None
    elif kind == "INVALID ENCODING":
        value = _first_undecodable(raw)
        reason = f"'{value}' is not UTF-8; save the file as UTF-8"
    elif kind == "UNQUOTED VALUE":
        reason = UNCLOSED
        if raw.rstrip(b"\n").endswith(b'"\r') and not file.has_windows_ends:
            reason = "the row ends in \\r\\n, but the header in \\n"
    elif kind == "LINE SIZE OVER MAXIMUM":
        reason = f"longer than {MAX_LINE_BYTES:,} bytes; a quote may be opened and never closed"
        column = None
    else:
        reason = f"{kind.lower()}: {message.strip()}"
    if column not in file.header:
        column = None  # one that nobody reads, numbered for DuckDB
    return RejectedRow(file.path.name, line, column, value, reason, text)


def _values_of(text: str) -> list[str]:
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def is_repeated_header(file: RawFile, line: int, values: Sequence[str]) -> bool:
    """Whether a row is the header once more, as where two files were joined.

    Raises:
        InputError: it is a header with its columns in another order, so what follows it would be
            read into the wrong columns.
    """
    answer = is_header(values, file.header)
    if answer is None:
        raise InputError(
            f"{file.path.name}, {file.unit} {line}: another header stands here, with other columns "
            f"or another order: {shown_text(', '.join(values), 500)}. Two files may have been "
            "joined; load them one by one, or put their columns in one order."
        )
    return answer


def fault_of(error: csv.Error) -> str:
    """Why Python cannot read a row."""
    return BARE_RETURN if "new-line" in str(error) else UNCLOSED


def wrong_count(expected_count: int, value_count: int) -> str:
    """Why a row of too few or too many values is rejected."""
    hint = "the line may have been cut off"
    if value_count > expected_count:
        hint = "a comma may want quotes around its text"
    return f"expected {expected_count} values, found {value_count}; {hint}"


def _first_undecodable(raw: bytes) -> str | None:
    r"""The first value with a byte that is not UTF-8, that byte written like ``\xe3``."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        before = re.split(rb'[,"\r\n]', raw[: error.start])[-1]
        after = re.split(rb'[,"\r\n]', raw[error.start :])[0]
        return (before + after).decode(errors="backslashreplace")
    return None


def too_many_rejects(file: RawFile, rejected: int, allowed: int) -> str:
    """The sentence that stops a load: the first bad row, and how many there are."""
    reject = file.rejects[0] if file.rejects else None
    where = ""
    if reject is not None:
        unit = file.unit
        column = f", column {reject.column_name}" if reject.column_name else ""
        where = f"{reject.file_name}, {unit} {reject.line_number}{column}: {reject.reason}. "
        if reject.rejected_value is None and reject.raw_line:
            where += f"The {unit} begins {reject.raw_line[:60]!r}. "
    return (
        f"{where}{rejected:,} unreadable row{'s' if rejected != 1 else ''} so far, {allowed:,} "
        f"allowed. Mend the file, or set such rows aside in raw.rejected_rows with "
        f"--max-rejected-rows {max(rejected, 1)}."
    )

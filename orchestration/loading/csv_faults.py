"""Where the bad rows of a CSV file stand: found only after a fault, and then line by line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from io import BufferedIOBase
from typing import Any

import duckdb

from ml.statements import count_rows
from orchestration.errors import InputError
from orchestration.loading.bad_values import (
    bad_rows_sql,
    find_bad_values,
    header_like_rows,
    is_header,
    reason_of,
)
from orchestration.loading.files import MAX_LINE_BYTES, RawFile, RejectedRow
from orchestration.loading.line_ends import find_odd_line_end
from orchestration.loading.rejects import (
    REPEATED_HEADER,
    explain_reject,
    fault_of,
    is_repeated_header,
    wrong_count,
)
from orchestration.loading.values import as_read


def missed_rows(connection: duckdb.DuckDBPyConnection, file: RawFile) -> list[RejectedRow]:
    """Find the rows whose structure is wrong though DuckDB set none aside; drop those it took."""
    rejected_lines = {reject.line_number for reject in file.rejects}
    rejects: list[RejectedRow] = []
    row_ids: list[int] = []
    taken_count = 0
    for line, row, text in rows_one_by_one(file):
        if line == 1 or line in rejected_lines or row == []:
            continue
        if isinstance(row, csv.Error):
            reason = fault_of(row)
        else:
            taken_count += 1
            if len(row) == len(file.header):
                continue
            reason = wrong_count(len(file.header), len(row))
            row_ids.append(taken_count - 1)
        rejects.append(RejectedRow(file.path.name, line, None, None, reason, text.rstrip("\r\n")))
    if taken_count != count_rows(connection, "temp.load_rows"):
        faults = sorted([*file.rejects, *rejects], key=lambda reject: reject.line_number)
        where = f", line {faults[0].line_number}: {faults[0].reason}" if faults else ""
        raise InputError(
            f"{file.path.name}{where}; where the rows after it begin cannot be told, so none can "
            "be set aside. Mend the file, or export it again."
        )
    connection.execute(
        """
        delete from temp.load_rows
        where list_contains(?::bigint[], rowid - (select min(rowid) from temp.load_rows))
        """,
        [row_ids],
    )
    return rejects


def unreadable_rows(connection: duckdb.DuckDBPyConnection, file: RawFile) -> Iterator[RejectedRow]:
    """The rows that DuckDB set aside; of several faults in a row, the one that explains most."""
    rows = connection.execute(
        """
        select line_byte_position, column_name, error_type, csv_line, error_message
        from temp.load_rejects
        qualify row_number() over (
            partition by line_byte_position
            order by
                error_type <> 'UNQUOTED VALUE', error_type = 'CAST', error_type,
                -- one entry per value: of too many the last, of missing ones the first
                if(error_type = 'TOO MANY COLUMNS', -1, 1)
                * try_cast(regexp_extract(error_message, 'Found: ([0-9]+)', 1) as integer),
                column_idx
        ) = 1
        order by line_byte_position
        """
    ).fetchall()
    places = _places(file, [(int(position), text or "") for position, _, _, text, _ in rows])
    for (_, column, kind, _, message), (line, raw) in zip(rows, places, strict=True):
        yield explain_reject(file, line, column, kind, raw, message)


def _places(file: RawFile, rows: Sequence[tuple[int, str]]) -> Iterator[tuple[int, bytes]]:
    r"""Physical line and bytes of each row, given its byte position (ascending) and its text.

    A row may span lines, so the line breaks before it are counted. Where lines end in \r\n DuckDB
    has the row begin at the \n of the line before.
    """
    line, offset = 1, 0
    with file.open() as stream:
        for number, (position, text) in enumerate(rows):
            while offset < position - 1 and (
                chunk := stream.read(min(1 << 20, position - 1 - offset))
            ):
                offset += len(chunk)
                line += chunk.count(b"\n")
            next_position = rows[number + 1][0] if number + 1 < len(rows) else position + (1 << 22)
            raw = stream.read(min(len(text.encode()), next_position - position))
            leading = len(raw) - len(raw.lstrip(b"\r\n"))
            yield line + raw[:leading].count(b"\n"), raw[leading:]
            offset += len(raw)
            line += raw.count(b"\n")


def repeated_headers(connection: duckdb.DuckDBPyConnection, file: RawFile) -> list[RejectedRow]:
    """Take header lines that stand among the rows out of ``load_rows``, and find them.

    Raises:
        InputError: one has its columns in another order.
    """
    candidates = header_like_rows(connection, file.table)
    if not candidates:
        return []
    rejects = []
    for line, row, text in rows_one_by_one(file):
        if line > 1 and not isinstance(row, csv.Error) and is_repeated_header(file, line, row):
            name = file.path.name
            rejects.append(
                RejectedRow(name, line, None, None, REPEATED_HEADER, text.rstrip("\r\n"))
            )
    names = list(file.table.columns)
    row_ids = [row_id for row_id, values in candidates if is_header(values, names)]
    connection.execute(
        "delete from temp.load_rows where list_contains(?::bigint[], rowid)", [row_ids]
    )
    rejected_lines = {reject.line_number for reject in file.rejects}
    new = [reject for reject in rejects if reject.line_number not in rejected_lines]
    if len(new) != len(row_ids):
        raise InputError(
            f"{file.path.name}: {REPEATED_HEADER}, and the lines cannot be told while the file has "
            "other faults. Mend those first."
        )
    return new


def rows_with_bad_values(connection: duckdb.DuckDBPyConnection, file: RawFile) -> list[RejectedRow]:
    """Take the rows with a value that may not stand there out of ``load_rows``, and find them."""
    bad = find_bad_values(connection, file.table)
    if not bad:
        return []
    test = bad_rows_sql(file.table, bad)
    (count,) = connection.execute(f"delete from temp.load_rows where {test}").fetchone() or (0,)
    rejected_lines = {reject.line_number for reject in file.rejects}
    rejects = [
        reject for reject in _find_values(file, bad) if reject.line_number not in rejected_lines
    ]
    if len(rejects) != count:
        name, codes = next(iter(bad.items()))
        value, code = next(iter(codes.items()))
        reason = reason_of(code, value if value is None else str(value), file.table.columns[name])
        raise InputError(
            f"{file.path.name}, column {name}: {reason}; its line cannot be told while the file "
            "has other faults. Mend those first."
        )
    return rejects


def _find_values(file: RawFile, bad: dict[str, dict[Any, str]]) -> Iterator[RejectedRow]:
    """The rows that hold a bad value, as they were read from the columns named."""
    places = {name: file.header.index(name) for name in bad}
    for line, row, text in rows_one_by_one(file):
        if line == 1 or isinstance(row, csv.Error) or len(row) != len(file.header):
            continue
        for name, place in places.items():
            kind = file.table.columns[name]
            value = as_read(row[place], kind)
            if value in bad[name]:
                reason = reason_of(bad[name][value], row[place], kind)
                yield RejectedRow(
                    file.path.name, line, name, row[place], reason, text.rstrip("\r\n")
                )
                break


def rows_one_by_one(file: RawFile) -> Iterator[tuple[int, list[str] | csv.Error, str]]:
    """First line, values (or what is wrong) and text of each row; slow, so only after a fault."""
    with file.open() as stream:
        for line, row, raw in rows_of_stream(stream):
            yield line, row, raw.decode(errors="replace")


def find_odd_line(
    open_file: Callable[[], BufferedIOBase],
    header: Sequence[str],
    *,
    first_line: int = 1,
    delimiter: str = ",",
    quote: str = '"',
    encoding: str = "utf-8",
) -> str:
    """The line for which DuckDB may have given up, and what is odd there; else nothing.

    Args:
        open_file: opens it at the line of its header.
        header: names of the columns.
        first_line: the number of the header's line.
        delimiter: between values.
        quote: around a value.
        encoding: one in which line ends, delimiter and quote are single bytes.
    """
    with open_file() as stream:
        odd = find_odd_line_end(
            stream,
            header,
            first_line=first_line,
            delimiter=delimiter,
            quote=quote,
            encoding=encoding,
        )
    if odd:
        return odd
    with open_file() as stream:
        rows = rows_of_stream(stream, first_line=first_line, delimiter=delimiter, quote=quote)
        return next(
            (
                f"line {line}: {fault_of(row)}"
                for line, row, _ in rows
                if isinstance(row, csv.Error)
            ),
            "",
        )


def rows_of_stream(
    stream: BufferedIOBase, *, first_line: int = 1, delimiter: str = ",", quote: str = '"'
) -> Iterator[tuple[int, list[str] | csv.Error, bytes]]:
    """First line, values (or what is wrong) and bytes of each row of an open CSV file.

    Args:
        stream: at the beginning of a line.
        first_line: the number of that line.
        delimiter: between values.
        quote: around a value.
    """
    next_line = first_line
    read: list[bytes] = []

    def lines() -> Iterator[str]:
        for raw in stream:  # broken at \n alone, as the lines are counted
            read.append(raw)
            yield raw.decode(errors="replace")

    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(lines(), delimiter=delimiter, quotechar=quote, strict=True)
    while True:
        row: list[str] | csv.Error
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = error
        line, next_line = next_line, next_line + len(read)
        text = b"".join(read)
        read.clear()
        yield line, row, text

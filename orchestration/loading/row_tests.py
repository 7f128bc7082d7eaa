"""Rows that break a test of the sources YAML: rejected by the load, which can say their line."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb

from orchestration.errors import InputError
from orchestration.loading.files import RawFile, RejectedRow
from orchestration.loading.lines import POSITION_SQL, find_places
from orchestration.loading.tables import RowTest


def set_aside_broken_rows(
    connection: duckdb.DuckDBPyConnection, file: RawFile
) -> list[RejectedRow]:
    """Take the rows of a table out that break a test within it: empty, repeated, out of range.

    Args:
        connection: the warehouse, in whose ``raw`` schema the file has just been loaded.
        file: the file, with the rows that it has lost so far.

    Returns:
        The rows, in the order of the file.

    Raises:
        InputError: a row is not where it should be.
    """
    broken: dict[int, tuple[str, str | None, str]] = {}
    for test in file.table.row_tests:
        if test.kind != "relationships" and not test.is_warning:
            for position, value, reason in broken_rows(connection, file, test):
                broken.setdefault(position, (test.columns[-1], value, reason))
    lines = [reject.line_number for reject in file.rejects]
    return _take_out(connection, file, broken, lines)


def lines_of_rejects(connection: duckdb.DuckDBPyConnection, file: RawFile) -> list[int]:
    """Lines of the rows that a table lacks, as its last load logged them."""
    rows = connection.execute(
        "select line_number from raw.rejected_rows where table_name = ?", [file.table.name]
    ).fetchall()
    return [line for (line,) in rows]


def broken_rows(
    connection: duckdb.DuckDBPyConnection, file: RawFile, test: RowTest
) -> list[tuple[int, str | None, str]]:
    """Number in the table, value and what is wrong with it, of each row that breaks a test.

    Args:
        connection: the warehouse, with the file in its ``raw`` schema.
        file: the file.
        test: any but ``relationships``.
    """
    table = f"raw.{file.table.name}"
    column = test.columns[0]
    if test.kind == "not_null":
        is_text = file.table.columns[column] == "VARCHAR"
        blank = f" or trim(\"{column}\") = ''" if is_text else ""
        rows = _select(connection, table, f'"{column}"', f'"{column}" is null{blank}')
        return [(position, None, "expected a value, found none") for position, _ in rows]
    if test.kind == "accepted_range":
        return _out_of_range(connection, table, test)
    key = ", ".join(f'"{name}"' for name in test.columns)
    repeated = connection.execute(
        f"""
        select position, first_position, shown from (
            select
                position, shown, min(position) over (partition by {key}) as first_position
            from (
                select
                    {POSITION_SQL} as position, {key}, concat_ws(', ', {key}) as shown
                from {table}
            )
            where {" and ".join(f'"{name}" is not null' for name in test.columns)}
        )
        where position > first_position
        order by position
        """
    ).fetchall()
    if not repeated:
        return []
    lines = [reject.line_number for reject in file.rejects]
    firsts = find_places(file, {first for _, first, _ in repeated}, lines)
    return [
        (position, value, f"{value!r} was there before, first on line {firsts[first].line_number}")
        for position, first, value in repeated
    ]


def _out_of_range(
    connection: duckdb.DuckDBPyConnection, table: str, test: RowTest
) -> list[tuple[int, str | None, str]]:
    """Number in the table, value and the bound that it breaks, of each row out of a range."""
    column = f'"{test.columns[0]}"'
    if test.is_inclusive:
        bounds = ((test.min_value, "<", "below"), (test.max_value, ">", "above"))
    else:
        bounds = ((test.min_value, "<=", "not above"), (test.max_value, ">=", "not below"))
    return [
        (position, value, f"{value} is {word} {bound}")
        for bound, sign, word in bounds
        if bound is not None
        for position, value in _select(connection, table, column, f"{column} {sign} {bound}")
    ]


def _select(
    connection: duckdb.DuckDBPyConnection, table: str, value: str, condition: str
) -> list[tuple[int, str]]:
    return connection.execute(
        f"""
        select position, shown from (
            select {POSITION_SQL} as position, cast({value} as varchar) as shown,
                ({condition}) as is_broken
            from {table}
        )
        where is_broken
        order by position
        """
    ).fetchall()


def _take_out(
    connection: duckdb.DuckDBPyConnection,
    file: RawFile,
    broken: Mapping[int, tuple[str, str | None, str]],
    rejected_lines: Collection[int],
) -> list[RejectedRow]:
    if not broken:
        return []
    places = find_places(file, broken.keys(), rejected_lines)
    missing = broken.keys() - places.keys()
    if missing:
        column, _, reason = broken[min(missing)]
        raise InputError(
            f"{file.path.name}, column {column}: {reason}; its line cannot be told while the file "
            "has other faults. Mend those first."
        )
    connection.execute(
        f"""
        delete from raw.{file.table.name}
        where rowid in (
            select row_id from (
                select rowid as row_id, {POSITION_SQL} as position from raw.{file.table.name}
            )
            where position in (select unnest(?::bigint[]))
        )
        """,
        [sorted(broken)],
    )
    return [
        RejectedRow(
            file.path.name, places[position].line_number, column, value, reason,
            places[position].text,
        )
        for position, (column, value, reason) in sorted(broken.items())
    ]  # fmt: skip

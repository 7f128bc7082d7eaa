"""Values that may not stand in their column: no value of its type, or a key that names nobody.

They are looked for in ``temp.load_rows``, where the rows of a file wait before they are cast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from orchestration.loading.keys import KEY_ROLES, doubt_reason, doubt_sql
from orchestration.loading.tables import RawTable
from orchestration.loading.values import READ_TYPES, TEXT, is_bad_sql, no_value

# What may stand around a name in a header that was pasted or joined.
AROUND_NAMES = " \t\r\n\"'\ufeff"


def find_bad_values(
    connection: duckdb.DuckDBPyConnection, table: RawTable
) -> dict[str, dict[Any, str]]:
    """Column to its bad values, as they were read, each with a code for ``reason_of``.

    Args:
        connection: one that has ``temp.load_rows``.
        table: what the rows are to become.
    """
    roles = {column: role for role, column in table.roles.items()}
    bad = {}
    for name, kind in table.columns.items():
        if kind != TEXT:
            key = f'cast("{name}" as varchar)' if kind == "DOUBLE" else f'"{name}"'
            query = f"select distinct {key}, '' from temp.load_rows where {is_bad_sql(name, kind)}"
        elif doubt := doubt_sql(name, roles.get(name)):
            query = f'select distinct "{name}", {doubt} as doubt from '
            if roles[name] in KEY_ROLES:  # nearly all are different
                query += "temp.load_rows"
            else:
                query = (
                    f'with few as materialized (select distinct "{name}" from temp.load_rows) '
                    f"{query} few"
                )
            query += " where doubt is not null"
        else:
            continue
        if doubtful_values := dict(connection.execute(query).fetchall()):
            bad[name] = doubtful_values
    return bad


def bad_rows_sql(table: RawTable, names: Iterable[str]) -> str:
    """SQL that is true for a row of ``load_rows`` with a bad value in one of the columns."""
    roles = {column: role for role, column in table.roles.items()}
    tests = [
        f"(({doubt_sql(name, roles[name])}) is not null)"
        if table.columns[name] == TEXT
        else f"({is_bad_sql(name, table.columns[name])})"
        for name in names
    ]
    return " or ".join(tests)


def reason_of(code: str, text: str | None, sql_type: str) -> str:
    """What is wrong with a value.

    Args:
        code: from ``find_bad_values``.
        text: the value as the file has it.
        sql_type: of its column.
    """
    return doubt_reason(code, text) if code else no_value(text, sql_type)


def header_like_rows(
    connection: duckdb.DuckDBPyConnection, table: RawTable
) -> list[tuple[int, list[str]]]:
    """Rows of ``load_rows`` that may be a header line: their number and their values.

    Where a column has no texts, a header has failed to be read before it comes here.
    """
    kinds = {READ_TYPES.get(kind, kind) for kind in table.columns.values()}
    if kinds != {TEXT}:
        return []
    first, *_ = table.columns
    lengths = [len(name) for name in table.columns]
    columns = ", ".join(f'"{name}"' for name in table.columns)
    rows = connection.execute(
        f"""
        select rowid, {columns} from temp.load_rows
        where length("{first}") between {min(lengths)} and {max(lengths) + 4}
            and list_contains(?, lower(trim("{first}", ?)))
        """,
        [[name.lower() for name in table.columns], AROUND_NAMES],
    ).fetchall()
    return [(row_id, [value or "" for value in values]) for row_id, *values in rows]


def is_header(values: Sequence[str], header: Sequence[str]) -> bool | None:
    """Whether a row is the header once more; none where it is another header.

    Another one has the names in another order: what follows it would land in wrong columns.

    Example:
        >>> is_header(["ID", "city"], ["id", "city"])
        True
        >>> is_header(["city", "id"], ["id", "city"]) is None
        True
        >>> is_header(["7", "city"], ["id", "city"])
        False
    """
    names = [name.strip(AROUND_NAMES).lower() for name in header]
    cells = [value.strip(AROUND_NAMES).lower() for value in values]
    if cells == names:
        return True
    expected_names = set(names) - {""}
    hits = sum(value in expected_names for value in cells)
    return None if hits >= max(2, len(names) / 2) else False

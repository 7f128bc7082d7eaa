"""What every program does with a connection to DuckDB: a transaction, a count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: commit at the end, roll back on any exception."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def count_rows(connection: duckdb.DuckDBPyConnection, table_name: str) -> int:
    """How many rows a table has."""
    ((count,),) = connection.execute(f"select count(*) from {table_name}").fetchall()
    return int(count)

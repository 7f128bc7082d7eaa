"""What reading and writing have in common: errors that say what to run, tables, matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from ml.features import FloatArray

if TYPE_CHECKING:
    # What only fits need takes seconds to import, and `regulars models list` is to take none.
    import pyarrow as pa


class StoreError(RuntimeError):
    """The warehouse does not hold what a fit needs."""


@contextmanager
def explained() -> Iterator[None]:
    """Say what to do where the warehouse lacks what a query names."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        first = str(error).splitlines()[0]
        raise StoreError(
            f"the warehouse lacks a table or column that fitting needs ({first}); run "
            "`regulars build`, or `dbt build` after `regulars load`"
        ) from error


def fetch(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: Sequence[object] | Mapping[str, object] = (),
) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns.

    Raises:
        StoreError: the warehouse lacks what the query names.

    Example:
        >>> with duckdb.connect() as connection:
        ...     fetch(connection, "select 1 as one, 'b' as letter")
        [{'one': 1, 'letter': 'b'}]
    """
    with explained():
        result = connection.execute(query, values)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def read_table(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object]
) -> pa.Table:
    """The rows of a query about features, as an Arrow table.

    Raises:
        StoreError: the warehouse lacks what the query names.
    """
    with explained():
        try:
            return connection.sql(query, params=list(values)).to_arrow_table()
        except duckdb.BinderException as error:
            first = str(error).splitlines()[0]
            raise StoreError(
                "seeds/feature_catalog.csv and features.customer_feature_snapshots disagree "
                f"({first}); add the column to the model, or take the feature out of the catalog"
            ) from error


def to_matrix(table: pa.Table) -> FloatArray:
    """The columns of a table side by side, as 64-bit numbers."""
    columns = [column.to_numpy(zero_copy_only=False) for column in table.columns]
    return np.column_stack(columns).astype(np.float64)


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table_name: str, columns: dict[str, object]
) -> None:
    """Add rows to a table, columns by name."""
    import pyarrow as pa

    connection.register("rows_to_insert", pa.table(columns))
    connection.execute(f"insert into {table_name} by name select * from rows_to_insert")
    # Not in a `finally`: a failed insert aborts the transaction, nothing can be unregistered then,
    # and the roll back takes the view with it.
    connection.unregister("rows_to_insert")


def insert_row(
    connection: duckdb.DuckDBPyConnection, table_name: str, row: Mapping[str, object]
) -> None:
    """Add one row to a table, columns by name."""
    places = ", ".join("?" * len(row))
    connection.execute(
        f"insert into {table_name} ({', '.join(row)}) values ({places})", list(row.values())
    )


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table_name: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Put rows into a table in place of all that it has, columns by name."""
    connection.execute(f"delete from {table_name}")
    if rows:
        names = list(rows[0])
        insert_rows(connection, table_name, {name: [row[name] for row in rows] for name in names})


def utc_now() -> datetime:
    """The time in UTC, as the registry has it: without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)

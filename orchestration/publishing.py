"""The copy for BI tools: the marts and nothing else, swapped in whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import duckdb

from orchestration.errors import PublishError
from orchestration.resources import (
    new_folder,
    open_warehouse,
    replace_database,
    swap_folder,
)
from orchestration.sql_text import literal

# Every DuckDB from 1.0 on reads this storage version.
STORAGE_VERSION = "v1.0.0"


def publish_marts(
    warehouse_path: Path,
    published_dir: Path,
    *,
    needs: Mapping[str, Collection[str]] | None = None,
    progress: Callable[[str], None] = lambda _message: None,
) -> dict[str, int]:
    """Copy schema ``marts`` to one DuckDB file and one Parquet file per mart.

    Both are made aside and put in place by a rename each, so a reader sees the former copy or the
    new one, and one that holds a file open keeps what it has.

    Args:
        warehouse_path: the warehouse, with its marts built.
        published_dir: gets ``regulars.duckdb`` and ``parquet/<mart>.parquet``.
        needs: the marts of the project, each with the capabilities that it needs of the source.
            One that has left the project, or lacks what it needs, does not go along. All go if not
            given.
        progress: called with a sentence per mart.

    Returns:
        Rows of each mart.

    Raises:
        PublishError: there is no mart, or the copy could not be written; the former copy stands.
        WarehouseError: the warehouse is not there, not DuckDB, or stays locked.
    """
    with open_warehouse(warehouse_path, read_only=True) as connection:
        names = _marts_of(connection)
        if needs is not None:
            supplied = _capabilities_of(connection)
            names = [name for name in names if name in needs and supplied.issuperset(needs[name])]
    if not names:
        raise PublishError("the warehouse has no marts to publish; run `dbt build` first")
    published_dir.mkdir(parents=True, exist_ok=True)
    for stale in published_dir.glob(".parquet-*.duckdb*"):
        stale.unlink()
    parquet = new_folder(published_dir / "parquet")
    database = published_dir / f"{parquet.name}.duckdb"
    try:
        counts = _copy_marts(warehouse_path, names, database, parquet, progress)
        replace_database(database, published_dir / "regulars.duckdb")
    except BaseException as error:
        database.unlink(missing_ok=True)
        shutil.rmtree(parquet, ignore_errors=True)
        if not isinstance(error, duckdb.Error | OSError):
            raise
        reason, _, _ = str(error).partition("\n")
        raise PublishError(
            f"the published copy could not be written to {published_dir.name}/ ({reason}); "
            "the former copy still stands"
        ) from error
    swap_folder(parquet, published_dir / "parquet")
    return counts


def _copy_marts(
    warehouse_path: Path,
    marts: list[str],
    database: Path,
    parquet: Path,
    progress: Callable[[str], None],
) -> dict[str, int]:
    """Write each mart to the new database and from there to its Parquet file; rows of each."""
    counts: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(warehouse_path))} as warehouse (read_only)")
        connection.execute(
            f"attach {literal(str(database))} as published (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute("create schema published.marts")
        for mart in marts:
            ((counts[mart],),) = connection.execute(
                f'create table published.marts."{mart}" as '
                f'select * from warehouse.marts."{mart}" order by all'
            ).fetchall()
            connection.execute(
                f'copy published.marts."{mart}" to {literal(str(parquet / f"{mart}.parquet"))} '
                "(format parquet)"
            )
            _copy_descriptions(connection, mart)
            progress(f"{mart}: {counts[mart]:,} rows")
        connection.execute("detach published")
    return counts


def _copy_descriptions(connection: duckdb.DuckDBPyConnection, mart: str) -> None:
    """What dbt wrote of a mart and its columns; ``create table as`` leaves it behind."""
    where = "database_name = 'warehouse' and schema_name = 'marts' and table_name = ?"
    rows = connection.execute(
        f"select 'table', null, comment from duckdb_tables() where {where} union all "
        f"select 'column', column_name, comment from duckdb_columns() where {where}",
        [mart, mart],
    ).fetchall()
    for kind, column, comment in rows:
        if comment is not None:
            name = f'published.marts."{mart}"' + (f'."{column}"' if column else "")
            connection.execute(f"comment on {kind} {name} is {literal(comment)}")


def _marts_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = current_database() "
        "and schema_name = 'marts' order by table_name"
    ).fetchall()
    return [name for (name,) in rows]


def _capabilities_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select capability from canonical.capabilities where is_supplied"
    ).fetchall()
    return {name for (name,) in rows}

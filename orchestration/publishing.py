"""The copy for BI tools: the marts and nothing else, swapped in whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import duckdb

from orchestration.errors import PublishError
from orchestration.marts import MART_SCHEMAS, Mart
from orchestration.sql_text import literal
from orchestration.swapping import new_folder, swap_folder
from orchestration.warehouse_file import open_warehouse, replace_database

# Every DuckDB from 1.0 on reads this storage version.
STORAGE_VERSION = "v1.0.0"


def publish_marts(
    warehouse_path: Path,
    published_dir: Path,
    *,
    needs: Mapping[Mart, Collection[str]] | None = None,
    progress: Callable[[str], None] = lambda _message: None,
) -> dict[str, int]:
    """Copy the schemas of marts to one DuckDB file, and each mart to one Parquet file.

    Both are made aside and put in place by a rename each, so a reader sees the former copy or the
    new one, and one that holds a file open keeps what it has.

    Args:
        warehouse_path: the warehouse, with its marts built.
        published_dir: gets ``regulars.duckdb`` and ``parquet/<mart>.parquet``.
        needs: the marts of the project, by schema and name, each with the capabilities that it
            needs of the source. One that has left the project or its schema, or lacks what it
            needs, does not go along. All go if not given.
        progress: called with a sentence per mart.

    Returns:
        Rows of each mart, by its name.

    Raises:
        PublishError: there is no mart, two of them have one name, or the copy could not be written;
            the former copy stands.
        WarehouseError: the warehouse is not there, not DuckDB, or stays locked.
    """
    with open_warehouse(warehouse_path, read_only=True) as connection:
        marts = _marts_of(connection)
        if needs is not None:
            supplied = _capabilities_of(connection)
            marts = [mart for mart in marts if mart in needs and supplied.issuperset(needs[mart])]
    if not marts:
        raise PublishError("the warehouse has no marts to publish; run `dbt build` first")
    _require_one_name_each(marts)
    published_dir.mkdir(parents=True, exist_ok=True)
    for stale in published_dir.glob(".parquet-*.duckdb*"):
        stale.unlink()
    parquet = new_folder(published_dir / "parquet")
    database = published_dir / f"{parquet.name}.duckdb"
    try:
        counts = _copy_marts(warehouse_path, marts, database, parquet, progress)
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
    marts: list[Mart],
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
        for schema in MART_SCHEMAS:
            connection.execute(f"create schema published.{schema}")
        for schema, name in marts:
            ((counts[name],),) = connection.execute(
                f'create table published.{schema}."{name}" as '
                f'select * from warehouse.{schema}."{name}" order by all'
            ).fetchall()
            connection.execute(
                f'copy published.{schema}."{name}" to {literal(str(parquet / f"{name}.parquet"))} '
                "(format parquet)"
            )
            _copy_descriptions(connection, (schema, name))
            progress(f"{name}: {counts[name]:,} rows")
        connection.execute("detach published")
    return counts


def _copy_descriptions(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """What dbt wrote of a mart and its columns; ``create table as`` leaves it behind."""
    where = "database_name = 'warehouse' and schema_name = ? and table_name = ?"
    rows = connection.execute(
        f"select 'table', null, comment from duckdb_tables() where {where} union all "
        f"select 'column', column_name, comment from duckdb_columns() where {where}",
        [*mart, *mart],
    ).fetchall()
    for kind, column, comment in rows:
        if comment is not None:
            name = f'published.{mart[0]}."{mart[1]}"' + (f'."{column}"' if column else "")
            connection.execute(f"comment on {kind} {name} is {literal(comment)}")


def _marts_of(connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and list_contains(?, schema_name) "
        "order by schema_name, table_name",
        [list(MART_SCHEMAS)],
    ).fetchall()


def _require_one_name_each(marts: list[Mart]) -> None:
    """Each Parquet file has the name of one mart, whichever its schema."""
    schemas: dict[str, str] = {}
    for schema, name in marts:
        if name in schemas:
            raise PublishError(
                f"{schemas[name]}.{name} and {schema}.{name} have one name, expected one mart of "
                "each; drop the one that is not in the project, then publish again"
            )
        schemas[name] = schema


def _capabilities_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select capability from canonical.capabilities where is_supplied"
    ).fetchall()
    return {name for (name,) in rows}

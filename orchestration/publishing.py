"""The copy for BI tools: the marts and nothing else, swapped in whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.errors import PublishError
from orchestration.resources import new_folder, swap_folder

# Every DuckDB from 1.0 on reads this storage version.
STORAGE_VERSION = "v1.0.0"


def publish_marts(
    warehouse_path: Path,
    published_dir: Path,
    *,
    progress: Callable[[str], None] = lambda _message: None,
) -> dict[str, int]:
    """Copy schema ``marts`` to one DuckDB file and one Parquet file per mart.

    Both are made aside and put in place by a rename each, so a reader sees the former copy or the
    new one, and one that holds a file open keeps what it has.

    Args:
        warehouse_path: the warehouse, with its marts built.
        published_dir: gets ``regulars.duckdb`` and ``parquet/<mart>.parquet``.
        progress: called with a sentence per mart.

    Returns:
        Rows of each mart.

    Raises:
        PublishError: there is no mart, or the copy could not be written; the former copy stands.
    """
    published_dir.mkdir(parents=True, exist_ok=True)
    parquet = new_folder(published_dir / "parquet")
    database = published_dir / f".{parquet.name.removeprefix('.')}.duckdb"
    for stale in published_dir.glob(".parquet-*.duckdb*"):
        stale.unlink()
    counts: dict[str, int] = {}
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {_text(warehouse_path)} as warehouse (read_only)")
            connection.execute(
                f"attach {_text(database)} as published (storage_version '{STORAGE_VERSION}')"
            )
            connection.execute("create schema published.marts")
            marts = connection.execute(
                "select table_name from duckdb_tables() where database_name = 'warehouse' "
                "and schema_name = 'marts' order by table_name"
            ).fetchall()
            if not marts:
                raise PublishError("the warehouse has no marts to publish; run `dbt build` first")
            for (mart,) in marts:
                ((counts[mart],),) = connection.execute(
                    f"create table published.marts.{mart} as "
                    f"select * from warehouse.marts.{mart} order by all"
                ).fetchall()
                connection.execute(
                    f"copy published.marts.{mart} to {_text(parquet / f'{mart}.parquet')} "
                    "(format parquet)"
                )
                progress(f"{mart}: {counts[mart]:,} rows")
            connection.execute("detach published")
    except duckdb.Error as error:
        raise PublishError(
            f"the published copy could not be written to {published_dir.name}/ "
            f"({str(error).splitlines()[0]}); the former copy still stands"
        ) from error
    database.replace(published_dir / "regulars.duckdb")
    swap_folder(parquet, published_dir / "parquet")
    return counts


def _text(path: Path) -> str:
    """A path as an SQL text."""
    return "'" + str(path).replace("'", "''") + "'"

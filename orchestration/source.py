"""Whose files a warehouse was loaded from: said at the start of a build, kept by the load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.errors import WarehouseError, WarehouseLockedError
from orchestration.paths import shown_path

if TYPE_CHECKING:
    import duckdb

    from orchestration.settings import Settings


def describe_source(settings: Settings) -> str:
    """The shop that a load with these settings reads, in words."""
    if settings.data_dir is not None:
        return f"the files in {shown_path(settings.data_dir)}"
    return f"the demo shop ({settings.demo_orders:,} generated orders, seed {settings.demo_seed})"


def record_source(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Keep in ``raw.load_source`` what was loaded last; one row."""
    connection.execute(
        "create or replace table raw.load_source as select "
        "cast($source as varchar) as source_description, $is_demo as is_demo, "
        "cast(now() at time zone 'UTC' as timestamp) as loaded_at, "
        "cast($name as varchar) as source_name",
        {
            "source": describe_source(settings),
            "is_demo": settings.data_dir is None,
            "name": settings.source,
        },
    )


def read_source_name(path: Path) -> str | None:
    """The source that a warehouse was loaded from.

    Args:
        path: of the warehouse.

    Returns:
        Its name; none where there is no warehouse, it cannot be read, or does not say.

    Raises:
        WarehouseLockedError: another process has it and did not let go of it in time, so nobody
            can tell which source it is of.
    """
    import duckdb

    from orchestration.warehouse_file import open_warehouse

    if not path.exists():
        return None
    try:
        with open_warehouse(path, read_only=True) as connection:
            rows = connection.execute("select source_name from raw.load_source").fetchall()
    except WarehouseLockedError:
        raise
    except (duckdb.Error, WarehouseError):
        # An earlier version did not note it; a file that is no warehouse is refused by the job.
        return None
    return str(rows[0][0]) if rows and rows[0][0] else None


def refuse_other_source(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Refuse to load a shop into a warehouse that was built from another source.

    Its models, its history and its tables would survive among those of the new shop.

    Raises:
        WarehouseError: the warehouse has the tables of another source.
    """
    import duckdb

    try:
        rows = connection.execute(
            "select source_name, source_description from raw.load_source"
        ).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        # Nothing was loaded yet, or by a version that did not note it.
        return
    if rows and rows[0][0] not in {None, settings.source}:
        raise WarehouseError(
            f"the warehouse was built from {rows[0][1]} (source {rows[0][0]}), and this is "
            f"{describe_source(settings)} (source {settings.source}): two shops in one warehouse "
            "would mix their models and history; set REGULARS_WAREHOUSE to a new file, or move "
            "the present one away"
        )

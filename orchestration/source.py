"""Whose files a warehouse was loaded from: said at the start of a build, kept by the load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.paths import shown_path

if TYPE_CHECKING:
    import duckdb

    from orchestration.resources import Settings


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
        "cast(now() at time zone 'UTC' as timestamp) as loaded_at",
        {"source": describe_source(settings), "is_demo": settings.data_dir is None},
    )

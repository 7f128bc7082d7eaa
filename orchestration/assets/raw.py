"""The raw files as assets: all tables of a source, one transaction."""

from collections.abc import Iterator

import dagster as dg
import duckdb

from orchestration.demo_shop import is_demo_shop, make_demo_shop
from orchestration.loading.expectations import read_expectations
from orchestration.loading.load import load_raw_files
from orchestration.loading.log import TableLoad
from orchestration.loading.mapping.load import load_mapped_files
from orchestration.loading.tables import reads_mapping, source_tables
from orchestration.progress import Progress
from orchestration.runs import BEGINNING, writing_connection
from orchestration.settings import Settings
from orchestration.source import record_source, refuse_other_source
from orchestration.staging import WritingRun


def _load(
    connection: duckdb.DuckDBPyConnection, settings: Settings, source: str, progress: Progress
) -> list[TableLoad]:
    """Load all tables of a source, of its files as they are or by a mapping."""
    folder = settings.data_dir or settings.demo_dir
    if reads_mapping(source):
        return load_mapped_files(
            connection,
            folder,
            tables=source_tables(source),
            max_rejected_rows=settings.max_rejected_rows,
            progress=progress.advance,
        )
    return load_raw_files(
        connection,
        folder,
        tables=source_tables(source),
        expectations=read_expectations(source),
        max_rejected_rows=settings.max_rejected_rows,
        progress=progress.advance,
    )


@dg.multi_asset(
    name="load_raw_files",
    specs=[
        dg.AssetSpec(
            ["raw", table.name],
            group_name="raw",
            description=f"`{table.file_stem}`, loaded as it is with its types stated.",
            kinds={"duckdb", "csv"},
        )
        for table in source_tables(Settings.from_environment().source)
    ],
    can_subset=False,
    op_tags=BEGINNING,
)
def raw_tables(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[WritingRun],
    settings: dg.ResourceParam[Settings],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Load all raw tables, or none."""
    source = settings.source
    progress.begin("load", len(source_tables(source)) + (settings.data_dir is None))
    orders, seed = settings.demo_orders, settings.demo_seed
    if settings.data_dir is None and not is_demo_shop(
        settings.demo_dir, source=source, order_count=orders, seed=seed
    ):
        make_demo_shop(settings.demo_dir, source=source, order_count=orders, seed=seed)
        progress.advance(f"demo shop of {orders:,} orders generated")
    with writing_connection(context, warehouse) as connection:
        refuse_other_source(connection, settings)
        loads = _load(connection, settings, source, progress)
        record_source(connection, settings)
    for load in loads:
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["raw", load.table_name]),
            metadata={
                "dagster/row_count": load.row_count,
                "file": load.file_name,
                "bytes": load.byte_count,
                "rejected_rows": load.rejected_row_count,
                "ignored_columns": ", ".join(load.ignored_columns) or "none",
                "is_new": load.is_new,
            },
        )

"""What readers get: the report and the published copy."""

import dagster as dg

from orchestration.assets.warehouse import MARTS, mart_needs
from orchestration.checks import require_checks
from orchestration.dbt_runs import Dbt
from orchestration.progress import Progress
from orchestration.publishing import publish_marts
from orchestration.settings import Settings
from orchestration.staging import WritingRun
from orchestration.swapping import new_folder, swap_folder
from orchestration.warehouse_file import open_warehouse
from reports.build import build_report, find_pages


@dg.asset(key=["reports", "site"], group_name="reports", deps=MARTS, kinds={"plotly"})
def report_site(
    dbt: dg.ResourceParam[Dbt],
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The report: one folder that opens from disk."""
    progress.begin("report", len(find_pages()))
    require_checks(dbt, warehouse)
    folder = new_folder(settings.site_dir)
    with open_warehouse(settings.warehouse_path, read_only=True) as connection:
        pages = build_report(connection, folder, progress=progress.advance)
    swap_folder(folder, settings.site_dir)
    index = settings.site_dir / "index.html"
    return dg.MaterializeResult(
        metadata={"report": dg.MetadataValue.path(str(index)), "pages": len(pages)}
    )


@dg.asset(key=["published", "copy"], group_name="published", deps=MARTS, kinds={"parquet"})
def published_copy(
    dbt: dg.ResourceParam[Dbt],
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The marts, and nothing else, for BI tools to open."""
    progress.begin("publish", len(MARTS))
    require_checks(dbt, warehouse)
    counts = publish_marts(
        settings.warehouse_path,
        settings.published_dir,
        needs=mart_needs(),
        progress=progress.advance,
    )
    return dg.MaterializeResult(
        metadata={
            "file": dg.MetadataValue.path(str(settings.published_dir / "regulars.duckdb")),
            "dagster/row_count": sum(counts.values()),
            "marts": dg.MetadataValue.json(counts),
        }
    )

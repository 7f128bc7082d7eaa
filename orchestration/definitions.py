"""What `dagster dev` shows: one graph from the raw files to the report."""

import dagster as dg

from orchestration import checks, schedules
from orchestration.assets import champions, purposes, raw, report, warehouse
from orchestration.history import tidy_history_of_dev
from orchestration.progress import LogProgress
from orchestration.runs import writing_run
from orchestration.settings import Settings

tidy_history_of_dev()

defs = dg.Definitions(
    assets=[
        raw.raw_tables,
        warehouse.warehouse_models,
        *(asset for assets in purposes.ASSETS_OF.values() for asset in assets),
        *champions.ASSETS,
        report.report_site,
        report.published_copy,
    ],
    asset_checks=checks.CHECKS,
    jobs=schedules.JOBS,
    schedules=schedules.SCHEDULES,
    sensors=schedules.SENSORS,
    resources={
        "dbt": warehouse.DBT,
        "settings": dg.ResourceDefinition(lambda _: Settings.from_environment()),
        "warehouse": writing_run,
        "progress": LogProgress(),
    },
    # DuckDB has one writer: steps run one after the other in one process.
    executor=dg.in_process_executor,
)

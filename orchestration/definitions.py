"""What `dagster dev` shows: one graph from the raw files to the report."""

import dagster as dg

from orchestration import checks, model_assets, raw_assets, report_assets, schedules, warehouse
from orchestration.history import tidy_history_of_dev
from orchestration.resources import PROJECT_DIR, LogProgress, Settings
from orchestration.runs import writing_run

tidy_history_of_dev()

defs = dg.Definitions(
    assets=[
        raw_assets.raw_tables,
        warehouse.warehouse_models,
        *model_assets.ASSETS,
        report_assets.report_site,
        report_assets.published_copy,
    ],
    asset_checks=checks.CHECKS,
    jobs=schedules.JOBS,
    schedules=schedules.SCHEDULES,
    sensors=schedules.SENSORS,
    resources={
        "dbt": warehouse.InstalledDbt(project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR)),
        "settings": Settings.from_environment(),
        "warehouse": writing_run,
        "progress": LogProgress(),
    },
    # DuckDB has one writer: steps run one after the other in one process.
    executor=dg.in_process_executor,
)

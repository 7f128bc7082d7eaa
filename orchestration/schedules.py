"""Jobs, and when they run: the whole build, a rescore, a refit. Schedules are off by default."""

import dagster as dg
import duckdb

from orchestration.assets.champions import MODEL_TABLES
from orchestration.assets.purposes import KEYS_OF
from orchestration.checks import CHECKS
from orchestration.errors import WarehouseLockedError
from orchestration.marts import MART_SCHEMAS
from orchestration.settings import Settings
from orchestration.warehouse_file import open_warehouse

EVERYTHING = dg.AssetSelection.all()
LOAD = dg.AssetSelection.groups("raw")
REPORT = dg.AssetSelection.groups("reports") | dg.AssetSelection.checks(*CHECKS)
# By hand, too, nothing is published that the guarding checks refuse.
PUBLISH = dg.AssetSelection.groups("published") | dg.AssetSelection.checks(*CHECKS)
LIBRARY_SCORES = dg.AssetSelection.assets(["ml", "library_scores"])
FIT = dg.AssetSelection.groups("ml")
CHAMPIONS = dg.AssetSelection.assets(*(["ml", table] for table in MODEL_TABLES))
FIT_PURPOSES = {
    purpose: CHAMPIONS | LIBRARY_SCORES | dg.AssetSelection.assets(*keys)
    for purpose, keys in KEYS_OF.items()
}
SCORE = dg.AssetSelection.groups("scoring", *MART_SCHEMAS)
RESCORE = EVERYTHING - (FIT - LIBRARY_SCORES)
REFIT = FIT | SCORE | REPORT | PUBLISH

build_job = dg.define_asset_job(
    "whole_build", EVERYTHING, description="Load, build, fit, score, report and publish."
)
rescore_job = dg.define_asset_job(
    "rescore", RESCORE, description="The whole build with the models that are there."
)
refit_job = dg.define_asset_job(
    "refit", REFIT, description="Fit again on the features that are there, score and publish."
)
STEP_JOBS = [
    # Without the tests of the tables that they write, which every whole build runs, and the publish
    # gate after a step by hand.
    dg.define_asset_job("load", LOAD.without_checks(), description="The raw files only."),
    dg.define_asset_job(
        "fit", FIT.without_checks(), description="The fits and the choice of champions only."
    ),
    *(
        dg.define_asset_job(
            f"fit_{purpose}",
            selection.without_checks(),
            description=f"The fits for {purpose} and their champion.",
        )
        for purpose, selection in FIT_PURPOSES.items()
    ),
    dg.define_asset_job("score", SCORE, description="Score models and marts only."),
    dg.define_asset_job("report", REPORT, description="The report only."),
    dg.define_asset_job("publish", PUBLISH, description="The published copy only."),
]
JOBS = [build_job, rescore_job, refit_job, *STEP_JOBS]

SCHEDULES = [
    dg.ScheduleDefinition(
        name="daily_rescore",
        job=rescore_job,
        cron_schedule="0 5 * * *",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Every day at 05:00: new files, same models.",
    ),
    dg.ScheduleDefinition(
        name="weekly_build",
        job=build_job,
        cron_schedule="0 6 * * 1",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Every Monday at 06:00: everything, models included.",
    ),
]


def read_refit_request(settings: Settings) -> tuple[str, str] | None:
    """What marts.refit_advice asks for: a key that is the same until it is done, and the reason.

    None where no refit is due, or nothing is built yet.
    """
    if not settings.warehouse_path.exists():
        return None
    with open_warehouse(settings.warehouse_path, read_only=True) as connection:
        try:
            rows = connection.execute(
                "select model_id, refit_by_date, advice from marts.refit_advice where is_refit_due"
            ).fetchall()
        except duckdb.CatalogException:
            return None
    return (f"{rows[0][0]} {rows[0][1]}", rows[0][2]) if rows else None


@dg.sensor(
    name="refit_when_due",
    job=refit_job,
    minimum_interval_seconds=3_600,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Asks for a refit when marts.refit_advice says that one is due.",
)
def refit_when_due(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """One run for each model and date by which it was to be fitted again, and one after a failure.

    Dagster never runs a key twice, so that of a failed run has to be another one.
    """
    try:
        request = read_refit_request(settings)
    except WarehouseLockedError:
        return dg.SkipReason("the warehouse is at work")
    if request is None:
        return dg.SkipReason("marts.refit_advice is not built yet, or says that none is due")
    key, reason = request
    failed = dg.RunsFilter(tags={"refit_request": key}, statuses=[dg.DagsterRunStatus.FAILURE])
    attempt = context.instance.get_runs_count(failed) + 1
    return dg.RunRequest(
        run_key=f"{key}, attempt {attempt}",
        tags={"refit_request": key, "refit_reason": reason[:250]},
    )


SENSORS = [refit_when_due]

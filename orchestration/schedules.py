"""Jobs, and when they run: the whole build, a rescore, a refit. Schedules are off by default."""

from __future__ import annotations

import dagster as dg

from orchestration.checks import CHECKS

EVERYTHING = dg.AssetSelection.all()
LOAD = dg.AssetSelection.groups("raw")
REPORT = dg.AssetSelection.groups("reports")
# By hand, too, nothing is published that the guarding checks refuse.
PUBLISH = dg.AssetSelection.groups("published") | dg.AssetSelection.checks(*CHECKS)
FIT = dg.AssetSelection.groups("ml")
MODEL_TABLES = dg.AssetSelection.assets(
    ["ml", "model_registry"], ["ml", "model_parameters"], ["ml", "model_metrics"]
)
FIT_PURPOSES = {
    "segmentation": MODEL_TABLES
    | dg.AssetSelection.assets(
        ["ml", "segmentation_candidates"],
        ["ml", "segmentation_candidate_segments"],
        ["ml", "kmeans"],
        ["ml", "gmm"],
        ["ml", "segment_stability"],
    ),
    "churn": MODEL_TABLES | dg.AssetSelection.assets(["ml", "logistic"]),
}
SCORE = dg.AssetSelection.groups("scoring") | dg.AssetSelection.groups("marts")
RESCORE = EVERYTHING - FIT
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
    dg.define_asset_job("load", LOAD, description="The raw files only."),
    dg.define_asset_job("fit", FIT, description="The fits and the choice of champions only."),
    *(
        dg.define_asset_job(
            f"fit_{purpose}", selection, description=f"The fits for {purpose} and their champion."
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

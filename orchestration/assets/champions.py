"""The choice of champions as assets, and the scores of models that SQL does not spell out."""

from collections.abc import Iterator

import dagster as dg

from ml.families.scoring import predict_rows
from ml.parameters import name_features
from ml.registry import decide_statuses
from ml.statements import count_rows
from ml.store.catalog import write_catalog
from ml.store.champions import read_candidates, write_decisions
from ml.store.features import read_as_of_date, read_features
from ml.store.models import read_parameters
from ml.store.scores import read_models_scored_by_library, write_library_scores
from orchestration.assets.fits import FEATURES
from orchestration.assets.purposes import EVERY_KEY
from orchestration.progress import Progress
from orchestration.runs import IN_TRANSACTION, writing_connection
from orchestration.staging import WritingRun


@dg.asset(
    key=["ml", "library_scores"],
    group_name="ml",
    deps=[*FEATURES, *EVERY_KEY],
    kinds={"sklearn"},
    op_tags=IN_TRANSACTION,
)
def score_by_library(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """Scores of live models that SQL does not spell out; mostly there are none.

    Before the choice of champions, so that all of the scoring waits for one thing and is one run
    of dbt.
    """
    progress.begin("score by library", 1)
    with writing_connection(context, warehouse) as connection:
        as_of_date = read_as_of_date(connection)
        scores = {}
        for model in read_models_scored_by_library(connection, as_of_date):
            rows = read_parameters(connection, model.model_id)
            matrix = read_features(connection, name_features(rows), as_of_date)
            scores[model.model_id] = predict_rows(model.family, rows, matrix)
        write_library_scores(connection, as_of_date, scores)
        count = count_rows(connection, "ml.library_scores")
    progress.advance(", ".join(scores) or "no model needs it")
    return dg.MaterializeResult(metadata={"dagster/row_count": count})


MODEL_TABLES = {
    "model_purposes": "What models are for, as this installation knows it.",
    "model_families": "Kinds of models, as this installation knows them.",
    "model_registry": "One row per model that was fitted: its status, and why.",
    "model_parameters": "The parameters of every model, one number a row; SQL scores from them.",
    "model_metrics": "How good each model is, with intervals, beside the best baseline.",
    "baseline_metrics": "How good each baseline is on the same customers as each model.",
    "model_curves": "Points of each model's lift, calibration, ROC and precision-recall curves.",
    "leak_meter": "What common mistakes would have claimed on the same data.",
    "champion_history": "Each change of champion, by whom or what, and why.",
}


@dg.multi_asset(
    name="choose_champions",
    specs=[
        dg.AssetSpec(
            ["ml", table],
            deps=[
                *EVERY_KEY,
                score_by_library,
            ],
            group_name="ml",
            description=description,
            kinds={"duckdb"},
        )
        for table, description in MODEL_TABLES.items()
    ],
    can_subset=False,
    op_tags=IN_TRANSACTION,
)
def model_tables(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Choose the champion of each purpose among the latest fits, in one transaction."""
    progress.begin("champions", 1)
    with writing_connection(context, warehouse) as connection:
        write_catalog(connection)
        decisions = decide_statuses(read_candidates(connection))
        write_decisions(connection, decisions)
        counts = {table: count_rows(connection, f"ml.{table}") for table in MODEL_TABLES}
    champions = [
        f"{decision.model_id}: {decision.status_reason}"
        for decision in decisions
        if decision.status == "champion"
    ]
    progress.advance("; ".join(champions) or "no model yet")
    for table, count in counts.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["ml", table]),
            metadata={"dagster/row_count": count, "champions": "\n".join(champions)},
        )


ASSETS = [score_by_library, model_tables]

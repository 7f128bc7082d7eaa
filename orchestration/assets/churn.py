"""Churn as assets: every family fitted, judged and written."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import dagster as dg
import duckdb
from pydantic import Field

from ml.churn.baselines import HISTORY_FEATURES
from ml.churn.budget import QUICK_EFFORT, Effort
from ml.churn.families import FAMILIES
from ml.churn.models import describe_model
from ml.churn.protocol import ChurnProtocol
from ml.churn.study import ChurnStudy, Shop, StudySettings, study_churn
from ml.families.catalog import families_of
from ml.families.trees import LARGEST_COMPILED_LEAF_COUNT
from ml.purposes import CHURN
from ml.registry import FittedModel
from ml.store.champions import write_not_eligible
from ml.store.features import (
    count_orders,
    read_as_of_date,
    read_churn_protocol,
    read_complete_dates,
    read_feature_rules,
    read_features,
    read_labelled_features,
    read_order_history,
    require_label_window,
)
from ml.store.models import read_champion_to_judge_again, write_model, write_retest
from ml.store.studies import write_leak_meter
from orchestration.assets.fits import CODE_VERSION, FEATURES, fitting_connection
from orchestration.churn_checks import CHECKS
from orchestration.pictures import draw_bars, shown
from orchestration.progress import Progress
from orchestration.runs import IN_TRANSACTION
from orchestration.settings import Settings
from orchestration.staging import WritingRun
from orchestration.tracking import track_fit

LABELS = [
    dg.AssetKey(["features", "customer_labels"]),
    dg.AssetKey(["features", "churn_protocol"]),
]


class ChurnSettings(dg.Config):
    """What the churn fits are told beside the protocol in dbt_project.yml."""

    # Dates to train and to test on, like 2017-07-01; chosen by the protocol if not given.
    training_dates: list[str] = Field(default_factory=list)
    test_date: str = ""
    largest_compiled_leaf_count: int = LARGEST_COMPILED_LEAF_COUNT
    # How to mend probabilities that are not calibrated: sigmoid, or isotonic, which wants some
    # thousand people who came back.
    recalibration: str = "sigmoid"
    seed: int = 20_180_830


def _open_shop(
    connection: duckdb.DuckDBPyConnection, protocol: ChurnProtocol, as_of_date: date
) -> Shop:
    """What a study reads of the warehouse."""
    window = protocol.label_window_days
    return Shop(
        complete_dates=read_complete_dates(connection, window),
        read_labelled=partial(read_labelled_features, connection, label_window_days=window),
        read_histories=partial(read_features, connection, HISTORY_FEATURES, as_of_date),
        read_former_champion=partial(
            read_champion_to_judge_again, connection, CHURN.name, label_window_days=window
        ),
        describe_shortage=partial(_describe_shortage, connection, window),
    )


def _describe_shortage(connection: duckdb.DuckDBPyConnection, label_window_days: int) -> str:
    history = read_order_history(connection)
    later = count_orders(
        connection,
        read_as_of_date(connection),
        history.find_needed_date(label_window_days),
    )
    return history.describe_shortage(label_window_days, later)


@dg.multi_asset(
    name="fit_churn_families",
    specs=[
        dg.AssetSpec(
            ["ml", family.name],
            deps=[*FEATURES, *LABELS],
            group_name="ml",
            description=f"{family.description} Cross-validated, judged on a later period, then "
            "fitted on all complete dates.",
            kinds={"sklearn"},
        )
        for family in families_of(CHURN)
    ],
    op_tags=IN_TRANSACTION,
)
def fit_churn(
    context: dg.AssetExecutionContext,
    config: ChurnSettings,
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Every family of churn models: cross-validated, judged later, then fitted on all dates.

    Metrics are of the recipe trained on the training dates and judged on the test date; the
    parameters that score are of the same recipe fitted on all complete dates.
    """
    progress.begin("fit churn", 3 * len(FAMILIES) + 3)
    effort = QUICK_EFFORT if settings.is_quick_study else Effort()
    study_settings = StudySettings(
        config.training_dates, config.test_date, config.recalibration, config.seed
    )
    with fitting_connection(context, warehouse) as connection:
        protocol = read_churn_protocol(connection)
        require_label_window(connection, protocol.label_window_days)
        as_of_date = read_as_of_date(connection)
        rules = read_feature_rules(connection, CHURN.name)
        shop = _open_shop(connection, protocol, as_of_date)
        study = study_churn(
            shop, protocol, rules, study_settings, effort, progress=progress.advance
        )
        models = [
            describe_model(
                family, study, study_settings, effort, as_of_date=as_of_date,
                largest_compiled_leaf_count=config.largest_compiled_leaf_count,
                code_version=CODE_VERSION,
            )
            for family in study.judged
        ]  # fmt: skip
        _write_study(connection, study, models, as_of_date)
    progress.advance(study.what_is_not_eligible or "written")
    fitted = {model.family: model for model in models}
    for family in families_of(CHURN):
        metadata: dict[str, Any] = {"not_fitted": study.not_eligible}
        if family.name in fitted:
            metadata = _describe_fit(settings, fitted[family.name])
            if study.no_leaks_reason:
                metadata["no_leak_meter"] = study.no_leaks_reason
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["ml", family.name]), metadata=metadata)


def _write_study(
    connection: duckdb.DuckDBPyConnection,
    study: ChurnStudy,
    models: list[FittedModel],
    as_of_date: date,
) -> None:
    """Models, the former champion's figure on this test, and the leak meter."""
    if study.not_eligible:
        write_not_eligible(connection, CHURN.name, as_of_date, study.not_eligible, {}, CODE_VERSION)
    for model in models:
        write_model(connection, model)
    metric_name = CHURN.headline_metric.name
    for model_id, value in study.retests.items():
        write_retest(connection, model_id, study.test_date, metric_name, value)
    write_leak_meter(connection, as_of_date, study.leaks)


def _describe_fit(settings: Settings, model: FittedModel) -> dict[str, Any]:
    """Metadata of a fit, and its run in MLflow."""
    metrics = {(metric.split, metric.metric_name): metric for metric in model.metrics}
    tested = metrics["test", "roc_auc"]
    bars = {"test": tested.metric_value, str(tested.baseline_name): tested.baseline_value or 0.0}
    if ("cross_validation", "roc_auc") in metrics:
        bars = {"cross-validated": metrics["cross_validation", "roc_auc"].metric_value, **bars}
    title = "ROC AUC, and that of the best baseline on the test date"
    picture = draw_bars(title, list(bars), list(bars.values()))
    track_fit(settings, model, {"roc_auc": picture})
    return {
        "model_id": model.model_id,
        **{f"{split}/{name}": metric.metric_value for (split, name), metric in metrics.items()},
        "picture": shown(title, picture),
    }


__all__ = ["ASSETS", "CHECKS"]
ASSETS = [fit_churn]

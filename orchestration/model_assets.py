"""The churn fit and the choice of champions as assets: read, call one pure function, write rows."""

from collections.abc import Iterator

import dagster as dg
import numpy as np
from threadpoolctl import threadpool_limits

from ml import logistic, store
from ml.evaluation import Metric, evaluate_return_scores
from ml.registry import FittedModel, decide_statuses
from ml.splits import NotEnoughHistoryError, split_in_time
from orchestration.pictures import draw_bars, shown
from orchestration.resources import Progress, Settings, open_warehouse
from orchestration.segmentation_assets import (
    CODE_VERSION,
    FEATURES,
    FIT_THREADS,
    fit_gmm_segments,
    fit_kmeans_segments,
    measure_segment_stability,
    study_segmentations,
)
from orchestration.tracking import track_fit

# Simple rules that a churn model is held to are made of these, whether it uses them or not.
BASELINE_FEATURES = ("order_count", "recency_days")


class ChurnSettings(dg.Config):
    """What the churn classifier and its test are told."""

    label_window_days: int = 180
    training_date_count: int = 2
    training_gap_days: int = 60
    inverse_regularization: float = 0.01
    resample_count: int = 200
    seed: int = 20_180_830


def _metric_metadata(metrics: list[Metric]) -> dict[str, float]:
    return {f"{metric.split}/{metric.metric_name}": metric.metric_value for metric in metrics}


@dg.asset(
    key=["ml", "logistic"],
    group_name="ml",
    deps=[*FEATURES, dg.AssetKey(["features", "customer_labels"])],
    kinds={"sklearn"},
)
def fit_churn_logistic(
    config: ChurnSettings,
    settings: dg.ResourceParam[Settings],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """Logistic regression for returning: judged on a later period, then fitted on all of it.

    The metrics are of the recipe trained on the training dates and judged on the test date; the
    parameters that score are of the same recipe fitted on these and the test date together.
    """
    progress.begin("fit logistic", 4)
    with open_warehouse(settings.warehouse_path) as connection, threadpool_limits(FIT_THREADS):
        window = store.require_label_window(connection, config.label_window_days)
        rules = store.read_feature_rules(connection, "churn")
        names = sorted({rule.feature_name for rule in rules} | set(BASELINE_FEATURES))
        try:
            split = split_in_time(
                store.read_complete_dates(connection, window),
                label_window_days=window,
                training_date_count=config.training_date_count,
                training_gap_days=config.training_gap_days,
            )
        except NotEnoughHistoryError as error:
            progress.advance(f"no churn model: {error}")
            return dg.MaterializeResult(metadata={"not_fitted": str(error)})
        train = store.read_labelled_features(connection, names, split.training_dates, window)
        test = store.read_labelled_features(connection, names, [split.test_date], window)
        one_sided = [
            f"{'everybody' if part.is_returning.all() else 'nobody'} of {part.matrix.row_count:,} "
            f"{name} customers returned within {window} days"
            for name, part in (("training", train), ("test", test))
            if part.is_returning.all() or not part.is_returning.any()
        ]
        if one_sided:
            progress.advance(f"no churn model: {one_sided[0]}")
            return dg.MaterializeResult(metadata={"not_fitted": one_sided[0]})
        strength = config.inverse_regularization
        judged = logistic.fit_logistic(
            train.matrix, train.is_returning, rules, inverse_regularization=strength
        )
        progress.advance(f"trained on {train.matrix.row_count:,} customers and dates")
        base_rate = float(train.is_returning.mean())
        metrics = [
            Metric("train", "base_rate", base_rate),
            *evaluate_return_scores(
                test.is_returning,
                logistic.predict_logistic(judged, test.matrix),
                {
                    "recency": -test.matrix.values[:, names.index("recency_days")],
                    "frequency": test.matrix.values[:, names.index("order_count")],
                },
                train_base_rate=base_rate,
                resample_count=config.resample_count,
                seed=config.seed,
            ),
        ]
        progress.advance(f"judged on {test.matrix.row_count:,} customers at {split.test_date}")
        all_dates = [*split.training_dates, split.test_date]
        everything = store.read_labelled_features(connection, names, all_dates, window)
        model = logistic.fit_logistic(
            everything.matrix, everything.is_returning, rules, inverse_regularization=strength
        )
        progress.advance(f"fitted on {everything.matrix.row_count:,} customers and dates")
        fitted = FittedModel(
            purpose="churn",
            family=logistic.FAMILY,
            as_of_date=store.read_as_of_date(connection),
            row_count=everything.matrix.row_count,
            feature_count=len(rules),
            settings={
                **config.model_dump(),
                "label_window_days": window,
                "training_dates": [str(day) for day in split.training_dates],
                "test_date": str(split.test_date),
                "fitted_dates": [str(day) for day in all_dates],
            },
            code_version=CODE_VERSION,
            parameters=logistic.to_rows(model),
            metrics=metrics,
        )
        model_id = store.write_model(connection, fitted)
    progress.advance(f"{model_id} written")
    order = np.argsort(-np.abs(model.coefficients))
    title = "log-odds of returning, per standard deviation"
    names = [model.preprocessing.feature_names[index] for index in order]
    picture = draw_bars(title, names, [float(model.coefficients[index]) for index in order])
    track_fit(settings, fitted, {"coefficients": picture})
    return dg.MaterializeResult(
        metadata={
            "model_id": model_id,
            **_metric_metadata(metrics),
            "picture": shown(title, picture),
        }
    )


MODEL_TABLES = ("model_registry", "model_parameters", "model_metrics")


@dg.multi_asset(
    name="choose_champions",
    specs=[
        dg.AssetSpec(
            ["ml", table],
            deps=[
                fit_kmeans_segments,
                fit_gmm_segments,
                measure_segment_stability,
                fit_churn_logistic,
            ],
            group_name="ml",
            kinds={"duckdb"},
        )
        for table in MODEL_TABLES
    ],
    can_subset=False,
)
def model_tables(
    settings: dg.ResourceParam[Settings], progress: dg.ResourceParam[Progress]
) -> Iterator[dg.MaterializeResult[None]]:
    """Choose the champion of each purpose among the latest fits, in one transaction."""
    progress.begin("champions", 1)
    with open_warehouse(settings.warehouse_path) as connection:
        decisions = decide_statuses(store.read_candidates(connection))
        store.write_decisions(connection, decisions)
        counts = {table: store.count_rows(connection, f"ml.{table}") for table in MODEL_TABLES}
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


ASSETS: list[dg.AssetsDefinition] = [
    study_segmentations,
    fit_kmeans_segments,
    fit_gmm_segments,
    measure_segment_stability,
    fit_churn_logistic,
    model_tables,
]

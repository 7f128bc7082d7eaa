"""Churn fits and the choice of champions as assets: read, call one pure function, write rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from typing import Any

import dagster as dg
import duckdb
import numpy as np
from pydantic import Field
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from ml.churn.baselines import BASELINE_FEATURES, HISTORY_FEATURES, judge_bg_nbd, make_baselines
from ml.churn.budget import QUICK_EFFORT, Effort
from ml.churn.families import FAMILIES, predict_rows
from ml.churn.judging import JudgedFamily
from ml.churn.leak_meter import LeakFigure, measure_leaks
from ml.churn.protocol import ChurnProtocol
from ml.churn.study import study_families
from ml.families import bg_nbd
from ml.families.trees import LARGEST_COMPILED_LEAF_COUNT
from ml.features import FeatureRule, LabelledMatrix
from ml.registry import FittedModel, decide_statuses
from ml.splits import NotEnoughHistoryError, TimeSplit, split_in_time, split_on
from ml.statements import count_rows
from ml.store.champions import read_candidates, write_decisions, write_not_eligible
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
from ml.store.models import read_champion_to_judge_again, read_parameters, write_model, write_retest
from ml.store.scores import read_models_scored_by_library, write_library_scores
from ml.store.studies import write_leak_meter
from orchestration.pictures import draw_bars, shown
from orchestration.resources import Progress, Settings
from orchestration.runs import IN_TRANSACTION, writing_connection
from orchestration.segmentation_assets import (
    CODE_VERSION,
    FEATURES,
    FIT_THREADS,
    fit_gmm_segments,
    fit_kmeans_segments,
    measure_segment_stability,
    study_segmentations,
)
from orchestration.staging import WritingRun
from orchestration.tracking import track_fit

FAMILY_DESCRIPTIONS = {
    "logistic": "Return model: logistic regression.",
    "additive": "Return model: boosted step functions, one for each feature.",
    "random_forest": "Return model: random forest.",
    "boosting": "Return model: gradient boosting.",
    bg_nbd.FAMILY: "Return model: BG/NBD, which needs no labels but each person's history of "
    "purchases.",
}
CHURN_FAMILIES = {family: FAMILY_DESCRIPTIONS[family] for family in (*FAMILIES, bg_nbd.FAMILY)}
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


def _split(
    connection: duckdb.DuckDBPyConnection, config: ChurnSettings, protocol: ChurnProtocol
) -> TimeSplit:
    complete = read_complete_dates(connection, protocol.label_window_days)
    if bool(config.test_date) != bool(config.training_dates):
        raise ValueError(
            "expected training_dates and test_date together, or neither, got "
            f"{config.training_dates} and {config.test_date!r}; name both"
        )
    training_dates, test_date = protocol.training_dates, protocol.test_date
    if config.test_date:
        training_dates = tuple(date.fromisoformat(day) for day in config.training_dates)
        test_date = date.fromisoformat(config.test_date)
    if test_date is not None and training_dates:
        return split_on(
            training_dates,
            test_date,
            complete_dates=complete,
            label_window_days=protocol.label_window_days,
        )
    try:
        return split_in_time(
            [day for day in complete if test_date is None or day <= test_date],
            label_window_days=protocol.label_window_days,
            training_date_count=protocol.training_date_count,
            training_gap_days=protocol.training_gap_days,
        )
    except NotEnoughHistoryError as error:
        shortage = _describe_shortage(connection, protocol.label_window_days)
        raise NotEnoughHistoryError(shortage) from error


def _describe_shortage(connection: duckdb.DuckDBPyConnection, label_window_days: int) -> str:
    history = read_order_history(connection)
    later = count_orders(
        connection,
        read_as_of_date(connection),
        history.find_needed_date(label_window_days),
    )
    return history.describe_shortage(label_window_days, later)


def _too_few(name: str, part: LabelledMatrix, protocol: ChurnProtocol) -> str:
    returning = len(np.unique(part.person_numbers[part.is_returning]))
    rows = len(np.unique(part.person_numbers))
    if min(returning, rows - returning) >= protocol.least_returning_count:
        return ""
    return (
        f"of {rows:,} {name} customers {returning:,} returned within "
        f"{protocol.label_window_days} days, expected at least {protocol.least_returning_count} "
        "who did and as many who did not"
    )


@dataclass(frozen=True)
class _Study:
    """What was fitted, or why nothing was."""

    judged: Sequence[JudgedFamily] = ()
    leaks: Sequence[LeakFigure] = ()
    told: Mapping[str, object] = field(default_factory=dict)
    row_count: int = 0
    test_date: date = date.min
    retests: Mapping[str, float] = field(default_factory=dict)
    not_eligible: str = ""


def _study_churn(
    connection: duckdb.DuckDBPyConnection,
    config: ChurnSettings,
    effort: Effort,
    protocol: ChurnProtocol,
    rules: Sequence[FeatureRule],
    progress: Progress,
) -> _Study:
    """Read the dates of the protocol, and judge every family on them."""
    window, seed = protocol.label_window_days, config.seed
    names = sorted({rule.feature_name for rule in rules} | set(BASELINE_FEATURES))
    try:
        split = _split(connection, config, protocol)
    except NotEnoughHistoryError as error:
        return _Study(not_eligible=str(error))
    complete = read_complete_dates(connection, window)
    read = partial(read_labelled_features, connection, names, label_window_days=window)
    train, test = read(as_of_dates=split.training_dates), read(as_of_dates=[split.test_date])
    too_few = _too_few("training", train, protocol) or _too_few("test", test, protocol)
    if too_few:
        return _Study(not_eligible=too_few)
    before = read(as_of_dates=split.training_dates[-1:])
    too_few = _too_few("the last training date's", before, protocol)
    if too_few:
        return _Study(not_eligible=too_few)
    baselines = make_baselines(before, test, horizon_weeks=window / 7, seed=seed)
    progress.advance(
        f"{len(train.is_returning):,} to learn from, {len(test.is_returning):,} at "
        f"{split.test_date} to judge on"
        + (f"; BG/NBD is degenerate: {baselines.degeneracy}" if baselines.degeneracy else "")
    )
    everything = read(as_of_dates=complete)
    judged = study_families(
        train, test, everything, rules, baselines, protocol, effort,
        recalibration=config.recalibration, seed=seed, progress=progress.advance,
    )  # fmt: skip
    as_of_date = read_as_of_date(connection)
    judged.append(
        judge_bg_nbd(
            baselines,
            test,
            read_features(connection, HISTORY_FEATURES, as_of_date),
            protocol,
            effort,
            train_base_rate=float(train.is_returning.mean()),
            seed=seed,
        )
    )
    try:
        honest = _find_honest_roc_auc(judged)
        leaks = measure_leaks(
            test.matrix, test.is_returning, rules,
            honest_roc_auc=honest, inactive_days=window, seed=seed,
        )  # fmt: skip
        progress.advance("leak meter")
    except ValueError as error:
        leaks = ()
        progress.advance(f"no leak meter: {error}")
    retests = {
        model_id: float(roc_auc_score(test.is_returning, predict_rows(family, rows, test.matrix)))
        for model_id, family, rows in read_champion_to_judge_again(
            connection, split.test_date, window
        )
        # One with a feature that is no longer read cannot be compared.
        if {row.feature_name for row in rows} - {None} <= set(names)
    }
    told = {
        "label_window_days": window,
        "training_dates": [str(day) for day in split.training_dates],
        "test_date": str(split.test_date),
        "fitted_dates": [str(day) for day in complete],
        "bg_nbd_degeneracy": baselines.degeneracy,
    }
    return _Study(judged, leaks, told, len(everything.is_returning), split.test_date, retests)


def _find_honest_roc_auc(judged: Sequence[JudgedFamily]) -> float:
    """Of the model that the folds prefer among those that pass, or else among all honest ones.

    Raises:
        ValueError: every figure is too good to be true.
    """
    honest = [family for family in judged if family.name in FAMILIES and not family.suspicion]
    if not honest:
        raise ValueError("no model has an honest figure that mistakes could be held against")
    able = [family for family in honest if not family.refusals] or honest
    return max(able, key=lambda family: family.metrics[0].metric_value).test_roc_auc


def _to_model(
    family: JudgedFamily, study: _Study, config: ChurnSettings, effort: Effort, as_of_date: date
) -> FittedModel:
    """What is written of a family."""
    leaves = sum(row.parameter_name == "leaf_value" for row in family.parameters)
    by_library = leaves > config.largest_compiled_leaf_count
    return FittedModel(
        purpose="churn",
        family=family.name,
        as_of_date=as_of_date,
        row_count=family.row_count or study.row_count,
        feature_count=len({row.feature_name for row in family.parameters} - {None}),
        settings={
            **asdict(effort),
            "seed": config.seed,
            "recalibration": config.recalibration,
            **study.told,
            **({"fitted_dates": [str(as_of_date)]} if family.row_count else {}),
            "scored_by": "library" if by_library else "sql",
            "gates": {
                "verdict": "; ".join(family.refusals) or "passed",
                "evidence": "",
                **({"suspicion": family.suspicion} if family.suspicion else {}),
            },
        },
        code_version=CODE_VERSION,
        parameters=family.parameters,
        metrics=family.metrics,
        baselines=family.judgement.baselines,
        curves=family.judgement.curves,
    )


@dg.multi_asset(
    name="fit_churn_families",
    specs=[
        dg.AssetSpec(
            ["ml", family],
            deps=[*FEATURES, *LABELS],
            group_name="ml",
            description=f"{description} Cross-validated, judged on a later period, then fitted on "
            "all complete dates.",
            kinds={"sklearn"},
        )
        for family, description in CHURN_FAMILIES.items()
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
    with writing_connection(context, warehouse) as connection, threadpool_limits(FIT_THREADS):
        protocol = read_churn_protocol(connection)
        require_label_window(connection, protocol.label_window_days)
        as_of_date = read_as_of_date(connection)
        rules = read_feature_rules(connection, "churn")
        study = _study_churn(connection, config, effort, protocol, rules, progress)
        models = {
            family.name: _to_model(family, study, config, effort, as_of_date)
            for family in study.judged
        }
        if study.not_eligible:
            write_not_eligible(
                connection, "churn", as_of_date, study.not_eligible, {}, CODE_VERSION
            )
        for model in models.values():
            write_model(connection, model)
        for model_id, roc_auc in study.retests.items():
            write_retest(connection, model_id, study.test_date, roc_auc)
        write_leak_meter(connection, as_of_date, study.leaks)
    progress.advance(_say_what_is_not_eligible(study) or "written")
    for family in CHURN_FAMILIES:
        key = dg.AssetKey(["ml", family])
        if family in models:
            metadata = _describe_fit(settings, models[family])
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        else:
            yield dg.MaterializeResult(asset_key=key, metadata={"not_fitted": study.not_eligible})


def _say_what_is_not_eligible(study: _Study) -> str:
    """Why nothing was fitted, or which models are too good to be true; empty if none is."""
    if study.not_eligible:
        return f"not eligible: {study.not_eligible}"
    said = [f"{each.name} is not eligible: {each.suspicion}" for each in study.judged]
    suspected = [text for text, each in zip(said, study.judged, strict=True) if each.suspicion]
    if not suspected:
        return ""
    return (
        "; ".join(suspected) + "; see that no feature holds anything from its date on, or raise "
        "most_plausible_roc_auc in dbt_project.yml if customers of this shop are that predictable"
    )


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


@dg.asset(
    key=["ml", "library_scores"],
    group_name="ml",
    deps=[*FEATURES, *(dg.AssetKey(["ml", family]) for family in CHURN_FAMILIES)],
    kinds={"sklearn"},
    op_tags=IN_TRANSACTION,
)
def score_by_library(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """Scores of live models that are too large to be spelled out in SQL; mostly there are none.

    Before the choice of champions, so that all of the scoring waits for one thing and is one run
    of dbt.
    """
    progress.begin("score by library", 1)
    with writing_connection(context, warehouse) as connection:
        as_of_date = read_as_of_date(connection)
        scores = {}
        for model_id, family in read_models_scored_by_library(connection, as_of_date):
            rows = read_parameters(connection, model_id)
            names = sorted({row.feature_name for row in rows if row.feature_name is not None})
            matrix = read_features(connection, names, as_of_date)
            scores[model_id] = predict_rows(family, rows, matrix)
        write_library_scores(connection, as_of_date, scores)
        count = count_rows(connection, "ml.library_scores")
    progress.advance(", ".join(scores) or "no model needs it")
    return dg.MaterializeResult(metadata={"dagster/row_count": count})


MODEL_TABLES = {
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
                fit_kmeans_segments,
                fit_gmm_segments,
                measure_segment_stability,
                *(dg.AssetKey(["ml", family]) for family in CHURN_FAMILIES),
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


ASSETS: list[dg.AssetsDefinition] = [
    study_segmentations,
    fit_kmeans_segments,
    fit_gmm_segments,
    measure_segment_stability,
    fit_churn,
    score_by_library,
    model_tables,
]

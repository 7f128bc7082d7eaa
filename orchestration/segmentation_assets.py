"""Segmentation as assets: a study, the best of each family fitted on everybody, their stability."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import duckdb
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import ml.features
import ml.segmentation
from ml.families import gmm, kmeans
from ml.features import FeatureMatrix, FeatureRule, Preprocessing, fit_preprocessing
from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.purposes import SEGMENTATION
from ml.registry import FittedModel
from ml.segmentation.agreement import bootstrap_band, reassigned_share
from ml.segmentation.candidates import QUICK_STUDY, StudySettings, list_recipes
from ml.segmentation.choice import ChoiceRule, find_refusals_of_all
from ml.segmentation.evaluation import evaluate_segments
from ml.segmentation.matching import match_segments
from ml.segmentation.stability import Predict, agreement_over_time
from ml.segmentation.study import study_segmentations as study_candidates
from ml.statements import count_rows
from ml.store.features import (
    read_as_of_date,
    read_feature_rules,
    read_features,
    read_features_of_known_people_first,
    read_stability_dates,
)
from ml.store.models import read_former_models, read_next_segment_id, write_model
from ml.store.studies import read_best_recipe, read_study_id, write_stability, write_study
from orchestration.pictures import draw_bars, shown
from orchestration.resources import Progress, Settings
from orchestration.runs import IN_TRANSACTION, writing_connection
from orchestration.staging import WritingRun
from orchestration.tracking import track_fit

CODE_VERSION = version("regulars")
FEATURES = [
    dg.AssetKey(["features", "customer_feature_snapshots"]),
    dg.AssetKey(["features", "supplied_features"]),
]
# One thread: partial sums of several threads come in any order, and two fits would differ.
FIT_THREADS = 1
FAMILIES: Mapping[str, ModuleType] = {"kmeans": kmeans, "gmm": gmm}
# What most public studies of this kind of data use, for comparison: three features as they are,
# squeezed between 0 and 1, four segments.
RFM_RULES = tuple(FeatureRule(name) for name in ("recency_days", "order_count", "paid_amount"))
RFM_SEGMENT_COUNT = 4


STUDY_TABLES = {
    "segmentation_candidates": (
        "Every segmentation that the study compared: how far apart, stable, large and distinct its "
        "segments are, and why it was chosen or refused."
    ),
    "segmentation_candidate_segments": (
        "Each segment of each candidate: its share of customers, and whether bootstrap samples "
        "find it again."
    ),
}
# Starts of KMeans where the study is a quick one, too.
QUICK_STARTS = 10


class SegmentationSettings(dg.Config):
    """What the fits are told beside what the study chose."""

    kmeans_start_count: int = 30
    mixture_start_count: int = 2
    regularization: float = 1e-3
    seed: int = 20_180_830


def _quick_if_asked(config: SegmentationSettings, settings: Settings) -> SegmentationSettings:
    if not settings.is_quick_study:
        return config
    starts = min(config.kmeans_start_count, QUICK_STARTS)
    return config.model_copy(update={"kmeans_start_count": starts})


def _study_settings(settings: Settings) -> StudySettings:
    return QUICK_STUDY if settings.is_quick_study else StudySettings()


def _study_id(
    settings: StudySettings,
    rule: ChoiceRule,
    features: Sequence[FeatureRule],
    matrix: FeatureMatrix,
) -> str:
    """Digest of all that a study depends on: the same inputs need no other study."""
    digest = hashlib.sha256(version("scikit-learn").encode())
    study_code = sorted(Path(str(ml.segmentation.__file__)).parent.glob("*.py"))
    for module in (*study_code, Path(str(ml.features.__file__))):
        digest.update(module.read_bytes())
    told = [asdict(settings), asdict(rule), [asdict(each) for each in (*features, *RFM_RULES)]]
    digest.update(json.dumps(told, sort_keys=True).encode())
    digest.update(repr(matrix.feature_names).encode())
    digest.update(np.ascontiguousarray(matrix.values).tobytes())
    return digest.hexdigest()[:16]


def _columns(preprocessing: Preprocessing, matrix: FeatureMatrix) -> dict[str, NDArray[np.float64]]:
    scaled = preprocessing.apply(matrix)
    return {name: scaled[:, index] for index, name in enumerate(preprocessing.feature_names)}


@dg.multi_asset(
    name="study_segmentations",
    specs=[
        dg.AssetSpec(
            ["ml", table],
            deps=FEATURES,
            group_name="ml",
            description=description,
            kinds={"sklearn"},
        )
        for table, description in STUDY_TABLES.items()
    ],
    op_tags=IN_TRANSACTION,
)
def study_segmentations(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Candidates of every family, judged alike; the study of unchanged features is kept."""
    told, rule = _study_settings(settings), ChoiceRule()
    sets = ("full", "rfm")
    progress.begin("study", sum(len(list_recipes(told, name)) for name in sets))
    with writing_connection(context, warehouse) as connection, threadpool_limits(FIT_THREADS):
        rules = read_feature_rules(connection, "segmentation")
        as_of_date = read_as_of_date(connection)
        names = sorted({each.feature_name for each in [*rules, *RFM_RULES]})
        matrix = read_features(connection, names, as_of_date, is_shuffled=True)
        study_id = _study_id(told, rule, rules, matrix)
        if read_study_id(connection) == study_id:
            progress.advance("features and settings as before, kept")
        elif matrix.row_count < SEGMENTATION.min_customer_count:
            progress.advance(f"{matrix.row_count} people, too few: no study")
            write_study(connection, study_id, as_of_date, told, [], matrix.row_count)
        else:
            candidates = study_candidates(
                {
                    "full": _columns(fit_preprocessing(matrix, rules), matrix),
                    "rfm": _columns(
                        fit_preprocessing(matrix, RFM_RULES, scaling="min_max"), matrix
                    ),
                },
                told,
                rule,
                progress=progress.advance,
            )
            sample_count = min(told.sample_count, matrix.row_count)
            write_study(connection, study_id, as_of_date, told, candidates, sample_count)
        counts = {table: count_rows(connection, f"ml.{table}") for table in STUDY_TABLES}
    for table, count in counts.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["ml", table]),
            metadata={"study_id": study_id, "dagster/row_count": count},
        )


@dataclass(frozen=True)
class _Fitted:
    """A model of a family, whichever it is."""

    family: str
    model: Any

    def predict(self, matrix: FeatureMatrix) -> NDArray[np.int64]:
        """Segment id of each row."""
        if self.family == gmm.FAMILY:
            ids = np.array(self.model.segment_ids, dtype=np.int64)
            return np.asarray(ids[gmm.predict_gmm(self.model, matrix).argmax(axis=1)])
        return kmeans.predict_kmeans(self.model, matrix)

    def to_rows(self) -> list[ParameterRow]:
        """Its parameters."""
        rows: list[ParameterRow] = FAMILIES[self.family].to_rows(self.model)
        return rows


def _fit_family(
    family: str,
    recipe: Mapping[str, Any],
    config: SegmentationSettings,
    matrix: FeatureMatrix,
    rules: Sequence[FeatureRule],
) -> _Fitted:
    if family == gmm.FAMILY:
        mixture = gmm.fit_gmm(
            matrix,
            rules,
            **recipe,
            start_count=config.mixture_start_count,
            regularization=config.regularization,
            seed=config.seed,
        )
        return _Fitted(family, mixture)
    starts = config.kmeans_start_count
    model = kmeans.fit_kmeans(matrix, rules, **recipe, start_count=starts, seed=config.seed)
    return _Fitted(family, model)


def _means(scaled: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean of each segment, shape (segments, features); labels run from 0 without a gap."""
    return np.array([scaled[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def _keep_ids(
    connection: duckdb.DuckDBPyConnection,
    fitted: _Fitted,
    matrix: FeatureMatrix,
    as_of_date: date,
) -> tuple[_Fitted, str]:
    """Give the segments the ids of those former ones that they continue, and say how many do."""
    new_labels = fitted.predict(matrix)
    # Segments in which nobody is any more have no mean, hence no successor.
    new_ids, new_numbers = np.unique(new_labels, return_inverse=True)
    scaled = Preprocessing.from_rows(fitted.to_rows()).apply(matrix)
    next_free_id = read_next_segment_id(connection)
    lasting: dict[int, int] = {}
    for family, rows in read_former_models(connection, "segmentation", fitted.family, as_of_date):
        names = sorted({row.feature_name for row in rows if row.feature_name is not None})
        former = _Fitted(family, FAMILIES[family].from_rows(rows))
        former_labels = former.predict(read_features(connection, names, as_of_date))
        former_ids, former_numbers = np.unique(former_labels, return_inverse=True)
        match = match_segments(
            _means(scaled, former_numbers),
            _means(scaled, new_numbers),
            former_numbers,
            new_numbers,
            former_ids=former_ids.tolist(),
            next_free_id=next_free_id,
        )
        for segment_id, found in zip(new_ids.tolist(), match.lasting_ids, strict=True):
            is_free = segment_id not in lasting and found not in lasting.values()
            if match.persists[found] and is_free:
                lasting[segment_id] = found
    kept = len(lasting)
    for segment_id in fitted.model.segment_ids:
        if segment_id not in lasting:
            lasting[segment_id], next_free_id = next_free_id, next_free_id + 1
    ids = [lasting[segment_id] for segment_id in fitted.model.segment_ids]
    renamed = FAMILIES[fitted.family].with_segment_ids(fitted.model, ids)
    return _Fitted(fitted.family, renamed), f"{kept} of {len(ids)} segments continue former ones"


def _fit_segments(
    context: dg.AssetExecutionContext,
    settings: Settings,
    warehouse: WritingRun,
    progress: Progress,
    config: SegmentationSettings,
    family: str,
) -> dg.MaterializeResult[None]:
    """Read everybody's features as of the as-of date, fit what the study chose, judge, write."""
    progress.begin(f"fit {family}", 3)
    config = _quick_if_asked(config, settings)
    with writing_connection(context, warehouse) as connection, threadpool_limits(FIT_THREADS):
        rules = read_feature_rules(connection, "segmentation")
        as_of_date = read_as_of_date(connection)
        recipe = read_best_recipe(connection, family)
        if recipe is None:
            progress.advance("nothing was studied, nothing is fitted")
            return dg.MaterializeResult(metadata={"not_fitted": "the study has no candidate"})
        matrix = read_features(connection, [rule.feature_name for rule in rules], as_of_date)
        progress.advance(f"{recipe.candidate_id} on {matrix.row_count:,} customers")
        fitted = _fit_family(family, recipe.settings, config, matrix, rules)
        fitted, ids = _keep_ids(connection, fitted, matrix, as_of_date)
        progress.advance(ids)
        parameters, segment_ids = fitted.to_rows(), fitted.predict(matrix)
        _, labels = np.unique(segment_ids, return_inverse=True)
        preprocessing = Preprocessing.from_rows(parameters)
        judged = evaluate_segments(preprocessing.apply(matrix), labels, seed=config.seed)
        metrics: list[Metric] = [*judged, *recipe.metrics]
        silhouettes = [each.metric_value for each in judged if each.metric_name == "silhouette"]
        refusals = find_refusals_of_all(
            _columns(preprocessing, matrix),
            labels,
            next(iter(silhouettes), None),
            ChoiceRule(),
            seed=config.seed,
        )
        if recipe.verdict != "passed":
            refusals = [recipe.verdict, *refusals]
        if family == gmm.FAMILY:
            likelihood = gmm.mean_log_likelihood(fitted.model, matrix)
            metrics.append(Metric("train", "mean_log_likelihood", likelihood))
        model = FittedModel(
            purpose="segmentation",
            family=family,
            as_of_date=as_of_date,
            row_count=matrix.row_count,
            feature_count=len(rules),
            settings={
                **config.model_dump(),
                **recipe.settings,
                "candidate_id": recipe.candidate_id,
                "study": {
                    "study_id": recipe.study_id,
                    "verdict": "; ".join(refusals) or "passed",
                    "evidence": recipe.evidence,
                },
            },
            code_version=CODE_VERSION,
            parameters=parameters,
            metrics=metrics,
        )
        model_id = write_model(connection, model)
    progress.advance(f"{model_id} written")
    found, sizes = np.unique(segment_ids, return_counts=True)
    title = "customers per segment"
    picture = draw_bars(title, [f"segment {each}" for each in found], sizes.tolist())
    track_fit(settings, model, {"sizes": picture})
    return dg.MaterializeResult(
        metadata={
            "model_id": model_id,
            "ids": ids,
            **{f"{each.split}/{each.metric_name}": each.metric_value for each in metrics},
            "picture": shown(title, picture),
        }
    )


@dg.asset(
    key=["ml", "kmeans"],
    group_name="ml",
    deps=[*FEATURES, dg.AssetKey(["ml", "segmentation_candidates"])],
    kinds={"sklearn"},
    op_tags=IN_TRANSACTION,
)
def fit_kmeans_segments(
    context: dg.AssetExecutionContext,
    config: SegmentationSettings,
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The best KMeans of the study, fitted on everybody as of the as-of date."""
    return _fit_segments(context, settings, warehouse, progress, config, kmeans.FAMILY)


# After KMeans: the first mixture takes over the ids of the segments that both find.
@dg.asset(
    key=["ml", "gmm"],
    group_name="ml",
    deps=[*FEATURES, dg.AssetKey(["ml", "segmentation_candidates"]), fit_kmeans_segments],
    kinds={"sklearn"},
    op_tags=IN_TRANSACTION,
)
def fit_gmm_segments(
    context: dg.AssetExecutionContext,
    config: SegmentationSettings,
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The best Gaussian mixture of the study, fitted on everybody as of the as-of date."""
    return _fit_segments(context, settings, warehouse, progress, config, gmm.FAMILY)


def _stability_rows(
    connection: duckdb.DuckDBPyConnection,
    feature_set: str,
    fit: Callable[[FeatureMatrix], _Fitted],
    dates: Sequence[date],
    config: SegmentationSettings,
    progress: Progress,
) -> Iterator[dict[str, object]]:
    """What the frozen model and its refits agree on, one row per date after the first."""
    rules = read_feature_rules(connection, "segmentation")
    names = [rule.feature_name for rule in (RFM_RULES if feature_set == "rfm" else rules)]
    read = partial(read_features_of_known_people_first, connection, names, known_at=dates[0])
    families: set[tuple[str, int]] = set()

    def fit_and_predict(matrix: FeatureMatrix) -> Predict:
        fitted = fit(matrix)
        families.add((fitted.family, len(fitted.model.segment_ids)))
        progress.advance(f"{feature_set} features of {matrix.row_count:,} customers")
        return fitted.predict

    later = {day: read(as_of_date=day) for day in dates[1:]}
    agreements = agreement_over_time(read(as_of_date=dates[0]), later, fit_and_predict)
    ((family, segment_count),) = families
    for day, agreement in agreements.items():
        low, high = bootstrap_band(agreement.table, seed=config.seed)
        same_low, same_high = bootstrap_band(agreement.migration, seed=config.seed)
        yield {
            "feature_set": feature_set,
            "family": family,
            "segment_count": segment_count,
            "frozen_date": dates[0],
            "as_of_date": day,
            "customer_count": agreement.customer_count,
            "agreement": agreement.frozen_with_refit,
            "lower_bound": low,
            "upper_bound": high,
            "total_agreement": agreement.total,
            "same_border_agreement": agreement.then_with_now,
            "same_border_lower_bound": same_low,
            "same_border_upper_bound": same_high,
            "reassigned_share": reassigned_share(agreement.table),
        }


@dg.asset(
    key=["ml", "segment_stability"],
    group_name="ml",
    deps=[*FEATURES, dg.AssetKey(["ml", "segmentation_candidates"])],
    kinds={"sklearn"},
    op_tags=IN_TRANSACTION,
)
def measure_segment_stability(
    context: dg.AssetExecutionContext,
    config: SegmentationSettings,
    settings: dg.ResourceParam[Settings],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """A segmentation frozen some months ago beside refits since, on the same people."""
    config = _quick_if_asked(config, settings)
    with writing_connection(context, warehouse) as connection, threadpool_limits(FIT_THREADS):
        dates = read_stability_dates(connection, SEGMENTATION.min_customer_count)
        progress.begin("stability", 2 * len(dates))
        rules = read_feature_rules(connection, "segmentation")
        recipe = read_best_recipe(connection)

        def fit_full(matrix: FeatureMatrix) -> _Fitted:
            assert recipe is not None
            return _fit_family(recipe.family, recipe.settings, config, matrix, rules)

        def fit_rfm(matrix: FeatureMatrix) -> _Fitted:
            model = kmeans.fit_kmeans(
                matrix,
                RFM_RULES,
                segment_count=RFM_SEGMENT_COUNT,
                start_count=config.kmeans_start_count,
                seed=config.seed,
                scaling="min_max",
            )
            return _Fitted(kmeans.FAMILY, model)

        rows = [
            row
            for feature_set, fit in (("full", fit_full), ("rfm", fit_rfm))
            if len(dates) > 1 and recipe is not None
            for row in _stability_rows(connection, feature_set, fit, dates, config, progress)
        ]
        write_stability(connection, rows)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(rows)})

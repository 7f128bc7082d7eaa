"""Segmentation as assets: a study, the best of each family fitted on everybody, their stability."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import duckdb
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml import gmm, kmeans, segmentation, stability, store
from ml.evaluation import Metric, evaluate_segments
from ml.features import FeatureMatrix, FeatureRule, Preprocessing, fit_preprocessing
from ml.parameters import ParameterRow
from ml.registry import FittedModel
from ml.segmentation import QUICK_STUDY, ChoiceRule, StudySettings
from orchestration.pictures import bar_picture
from orchestration.resources import Progress, Settings, open_warehouse

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


class SegmentationSettings(dg.Config):
    """What the fits are told beside what the study chose."""

    kmeans_start_count: int = 10
    mixture_start_count: int = 2
    regularization: float = 1e-3
    seed: int = 20_180_830


def _study_settings(settings: Settings) -> StudySettings:
    return QUICK_STUDY if settings.is_quick_study else StudySettings()


def _study_id(
    settings: StudySettings, rule: ChoiceRule, feature_names: Sequence[str], matrix: FeatureMatrix
) -> str:
    """Digest of all that a study depends on: the same inputs need no other study."""
    digest = hashlib.sha256(Path(segmentation.__file__).read_bytes())
    told = {**asdict(settings), **asdict(rule), "features": feature_names}
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
        dg.AssetSpec(["ml", table], deps=FEATURES, group_name="ml", kinds={"sklearn"})
        for table in ("segmentation_candidates", "segmentation_candidate_segments")
    ],
)
def study_segmentations(
    settings: dg.ResourceParam[Settings], progress: dg.ResourceParam[Progress]
) -> Iterator[dg.MaterializeResult[None]]:
    """Candidates of every family, judged alike; the study of unchanged features is kept."""
    told, rule = _study_settings(settings), ChoiceRule()
    sets = ("full", "rfm")
    progress.begin("study", sum(len(segmentation.list_recipes(told, name)) for name in sets))
    with open_warehouse(settings.warehouse_path) as connection, threadpool_limits(FIT_THREADS):
        rules = store.read_feature_rules(connection, "segmentation")
        as_of_date = store.read_as_of_date(connection)
        names = sorted({rule.feature_name for rule in [*rules, *RFM_RULES]})
        matrix = store.read_features(connection, names, as_of_date)
        study_id = _study_id(told, rule, [rule.feature_name for rule in rules], matrix)
        if store.read_study_id(connection) == study_id:
            progress.advance("features and settings as before, kept")
        else:
            candidates = segmentation.study_segmentations(
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
            store.write_study(connection, study_id, as_of_date, told, candidates, sample_count)
        counts = {
            table: store.count_rows(connection, f"ml.{table}")
            for table in ("segmentation_candidates", "segmentation_candidate_segments")
        }
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


def _means(
    scaled: NDArray[np.float64], labels: NDArray[np.int64], ids: Sequence[int]
) -> NDArray[np.float64]:
    return np.array([scaled[labels == each].mean(axis=0) for each in ids])


def _keep_ids(
    connection: duckdb.DuckDBPyConnection,
    fitted: _Fitted,
    matrix: FeatureMatrix,
    as_of_date: Any,
) -> tuple[_Fitted, str]:
    """Give the segments the ids of those former ones that they continue, and say how many do."""
    found = store.read_former_model(connection, "segmentation", fitted.family, as_of_date)
    if found is None:
        return fitted, "no former segments"
    family, rows = found
    names = sorted({row.feature_name for row in rows if row.feature_name is not None})
    former = _Fitted(family, FAMILIES[family].from_rows(rows))
    former_labels = former.predict(store.read_features(connection, names, as_of_date))
    new_labels = fitted.predict(matrix)
    scaled = Preprocessing.from_rows(fitted.to_rows()).apply(matrix)
    former_ids, new_ids = np.unique(former_labels), np.unique(new_labels)
    matched = stability.match_segments(
        _means(scaled, former_labels, former_ids.tolist()),
        _means(scaled, new_labels, new_ids.tolist()),
        former_labels,
        new_labels,
        next_id=store.read_next_segment_id(connection),
    )
    renamed = FAMILIES[fitted.family].with_segment_ids(fitted.model, matched.segment_ids)
    return _Fitted(fitted.family, renamed), matched.summary


def _fit_segments(
    settings: Settings, progress: Progress, config: SegmentationSettings, family: str
) -> dg.MaterializeResult[None]:
    """Read everybody's features as of the as-of date, fit what the study chose, judge, write."""
    progress.begin(f"fit {family}", 3)
    with open_warehouse(settings.warehouse_path) as connection, threadpool_limits(FIT_THREADS):
        rules = store.read_feature_rules(connection, "segmentation")
        as_of_date = store.read_as_of_date(connection)
        recipe = store.read_best_recipe(connection, family)
        matrix = store.read_features(connection, [rule.feature_name for rule in rules], as_of_date)
        progress.advance(f"{recipe.candidate_id} on {matrix.row_count:,} customers")
        fitted = _fit_family(family, recipe.settings, config, matrix, rules)
        fitted, ids = _keep_ids(connection, fitted, matrix, as_of_date)
        progress.advance(ids)
        parameters, segment_ids = fitted.to_rows(), fitted.predict(matrix)
        _, labels = np.unique(segment_ids, return_inverse=True)
        metrics: list[Metric] = [
            *evaluate_segments(
                Preprocessing.from_rows(parameters).apply(matrix), labels, seed=config.seed
            ),
            *recipe.evidence,
        ]
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
            },
            code_version=CODE_VERSION,
            parameters=parameters,
            metrics=metrics,
        )
        model_id = store.write_model(connection, model)
    progress.advance(f"{model_id} written")
    found, sizes = np.unique(segment_ids, return_counts=True)
    names = [f"segment {each}" for each in found]
    return dg.MaterializeResult(
        metadata={
            "model_id": model_id,
            "ids": ids,
            **{f"{each.split}/{each.metric_name}": each.metric_value for each in metrics},
            "picture": bar_picture("customers per segment", names, sizes.tolist()),
        }
    )


@dg.asset(
    key=["ml", "kmeans"],
    group_name="ml",
    deps=[*FEATURES, dg.AssetKey(["ml", "segmentation_candidates"])],
    kinds={"sklearn"},
)
def fit_kmeans_segments(
    config: SegmentationSettings,
    settings: dg.ResourceParam[Settings],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The best KMeans of the study, fitted on everybody as of the as-of date."""
    return _fit_segments(settings, progress, config, kmeans.FAMILY)


# After KMeans: the first mixture takes over the ids of the segments that both find.
@dg.asset(
    key=["ml", "gmm"],
    group_name="ml",
    deps=[*FEATURES, dg.AssetKey(["ml", "segmentation_candidates"]), fit_kmeans_segments],
    kinds={"sklearn"},
)
def fit_gmm_segments(
    config: SegmentationSettings,
    settings: dg.ResourceParam[Settings],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The best Gaussian mixture of the study, fitted on everybody as of the as-of date."""
    return _fit_segments(settings, progress, config, gmm.FAMILY)

"""Segmentation as assets: a study, the best of each family fitted on everybody, their stability."""

from collections.abc import Iterator, Mapping
from functools import partial

import dagster as dg
import duckdb

from ml.families.catalog import families_of
from ml.families.family import Family
from ml.parameters import name_features
from ml.purposes import SEGMENTATION
from ml.registry import FittedModel
from ml.segmentation.candidates import QUICK_STUDY, StudySettings, list_recipes
from ml.segmentation.choice import AcceptanceThresholds
from ml.segmentation.feature_sets import FEATURE_SETS, RFM_RULES, scale_feature_sets
from ml.segmentation.matching import keep_ids
from ml.segmentation.models import (
    FitSettings,
    SegmentModel,
    describe_model,
    fit_rfm_segments,
    fit_segments,
    judge_segments,
)
from ml.segmentation.stability import compare_refits
from ml.segmentation.study import study_segmentations as judge_candidates
from ml.segmentation.study_id import identify_study
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
from orchestration.assets.fits import CODE_VERSION, FEATURES, fitting_connection
from orchestration.pictures import draw_bars, shown
from orchestration.progress import Progress
from orchestration.runs import IN_TRANSACTION
from orchestration.segmentation_checks import CHECKS
from orchestration.settings import Settings
from orchestration.staging import WritingRun
from orchestration.tracking import track_fit

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


def _fit_settings(config: SegmentationSettings, settings: Settings) -> FitSettings:
    if settings.is_quick_study:
        starts = min(config.kmeans_start_count, QUICK_STARTS)
        config = config.model_copy(update={"kmeans_start_count": starts})
    return FitSettings(**config.model_dump())


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
    study_settings = QUICK_STUDY if settings.is_quick_study else StudySettings()
    progress.begin("study", sum(len(list_recipes(study_settings, name)) for name in FEATURE_SETS))
    with fitting_connection(context, warehouse) as connection:
        study_id = _study_and_write(connection, study_settings, progress)
        counts = {table: count_rows(connection, f"ml.{table}") for table in STUDY_TABLES}
    for table, count in counts.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["ml", table]),
            metadata={"study_id": study_id, "dagster/row_count": count},
        )


def _study_and_write(
    connection: duckdb.DuckDBPyConnection, study_settings: StudySettings, progress: Progress
) -> str:
    """Study what is not studied yet, and return the study's id."""
    thresholds = AcceptanceThresholds()
    rules = read_feature_rules(connection, SEGMENTATION.name)
    as_of_date = read_as_of_date(connection)
    names = sorted({feature_rule.feature_name for feature_rule in [*rules, *RFM_RULES]})
    matrix = read_features(connection, names, as_of_date, is_shuffled=True)
    study_id = identify_study(study_settings, thresholds, rules, matrix)
    if read_study_id(connection) == study_id:
        progress.advance("features and settings as before, kept")
    elif matrix.row_count < SEGMENTATION.min_customer_count:
        progress.advance(f"{matrix.row_count} people, too few: no study")
        write_study(connection, study_id, as_of_date, study_settings, [], matrix.row_count)
    else:
        scaled = scale_feature_sets(matrix, rules)
        candidates = judge_candidates(scaled, study_settings, thresholds, progress=progress.advance)
        sample_count = min(study_settings.sample_count, matrix.row_count)
        write_study(connection, study_id, as_of_date, study_settings, candidates, sample_count)
    return study_id


def _read_and_fit(
    connection: duckdb.DuckDBPyConnection, settings: FitSettings, family: str, progress: Progress
) -> tuple[FittedModel, str, Mapping[int, int]] | None:
    """What the study chose, fitted on everybody: the model, which ids it keeps, and sizes."""
    rules = read_feature_rules(connection, SEGMENTATION.name)
    as_of_date = read_as_of_date(connection)
    recipe = read_best_recipe(connection, family)
    if recipe is None:
        return None
    matrix = read_features(connection, [rule.feature_name for rule in rules], as_of_date)
    progress.advance(f"{recipe.candidate_id} on {matrix.row_count:,} customers")
    former_models = (
        (
            SegmentModel.from_rows(former.family, former.parameters),
            read_features(connection, name_features(former.parameters), as_of_date),
        )
        for former in read_former_models(connection, SEGMENTATION.name, family, as_of_date)
    )
    fitted, ids = keep_ids(
        fit_segments(family, recipe.settings, settings, matrix, rules),
        matrix,
        former_models,
        next_free_id=read_next_segment_id(connection),
    )
    progress.advance(ids)
    judged = judge_segments(fitted, matrix, recipe, seed=settings.seed)
    model = describe_model(
        fitted,
        judged,
        recipe,
        settings,
        as_of_date=as_of_date,
        row_count=matrix.row_count,
        feature_count=len(rules),
        code_version=CODE_VERSION,
    )
    return model, ids, judged.sizes


def _define_fit(family: Family, former: list[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """The asset of a family; it continues the ids of the fits before it."""

    @dg.asset(
        key=["ml", family.name],
        group_name="ml",
        description=family.description,
        deps=[*FEATURES, dg.AssetKey(["ml", "segmentation_candidates"]), *former],
        kinds={"sklearn"},
        op_tags=IN_TRANSACTION,
    )
    def fit_family(
        context: dg.AssetExecutionContext,
        config: SegmentationSettings,
        settings: dg.ResourceParam[Settings],
        warehouse: dg.ResourceParam[WritingRun],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        progress.begin(f"fit {family.name}", 3)
        with fitting_connection(context, warehouse) as connection:
            fit_settings = _fit_settings(config, settings)
            fit = _read_and_fit(connection, fit_settings, family.name, progress)
            if fit is None:
                progress.advance("nothing was studied, nothing is fitted")
                return dg.MaterializeResult(metadata={"not_fitted": "the study has no candidate"})
            model, ids, sizes = fit
            write_model(connection, model)
        progress.advance(f"{model.model_id} written")
        return _describe_fit(settings, model, ids, sizes)

    return fit_family


def _describe_fit(
    settings: Settings, model: FittedModel, ids: str, sizes: Mapping[int, int]
) -> dg.MaterializeResult[None]:
    """Metadata of a fit, and its run in MLflow."""
    title = "customers per segment"
    picture = draw_bars(
        title, [f"segment {segment_id}" for segment_id in sizes], list(sizes.values())
    )
    track_fit(settings, model, {"sizes": picture})
    return dg.MaterializeResult(
        metadata={
            "model_id": model.model_id,
            "ids": ids,
            **{
                f"{metric.split}/{metric.metric_name}": metric.metric_value
                for metric in model.metrics
            },
            "picture": shown(title, picture),
        }
    )


SEGMENTATION_FITS: list[dg.AssetsDefinition] = []
for _family in families_of(SEGMENTATION):
    # After KMeans: the first mixture takes over the ids of the segments that both find.
    SEGMENTATION_FITS.append(_define_fit(_family, list(SEGMENTATION_FITS)))


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
    fit_settings = _fit_settings(config, settings)
    with fitting_connection(context, warehouse) as connection:
        dates = read_stability_dates(connection, SEGMENTATION.min_customer_count)
        progress.begin("stability", 2 * len(dates))
        rules = read_feature_rules(connection, SEGMENTATION.name)
        recipe = read_best_recipe(connection)
        rows: list[dict[str, object]] = []
        if len(dates) > 1 and recipe is not None:
            fit_full = partial(
                fit_segments, recipe.family, recipe.settings, fit_settings, rules=rules
            )
            fit_rfm = partial(fit_rfm_segments, fit_settings)
            for feature_set, used, fit in (("full", rules, fit_full), ("rfm", RFM_RULES, fit_rfm)):
                names = [rule.feature_name for rule in used]
                read = partial(
                    read_features_of_known_people_first, connection, names, known_at=dates[0]
                )
                rows += compare_refits(
                    read, fit, dates,
                    feature_set=feature_set, seed=fit_settings.seed, progress=progress.advance,
                )  # fmt: skip
        write_stability(connection, rows)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(rows)})


__all__ = ["ASSETS", "CHECKS"]
ASSETS = [study_segmentations, *SEGMENTATION_FITS, measure_segment_stability]

"""A segmentation that the warehouse scores: fitted on everybody, judged, and written as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from ml.families.catalog import FAMILIES
from ml.features import FeatureMatrix, FeatureRule, Preprocessing
from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.purposes import SEGMENTATION
from ml.registry import PASSED, FittedModel
from ml.segmentation.agreement import IntArray
from ml.segmentation.candidates import BestRecipe
from ml.segmentation.choice import AcceptanceThresholds, find_refusals_of_all
from ml.segmentation.evaluation import evaluate_segments
from ml.segmentation.feature_sets import (
    RFM_FAMILY,
    RFM_RULES,
    RFM_SCALING,
    RFM_SEGMENT_COUNT,
    columns,
)


@dataclass(frozen=True)
class FitSettings:
    """What fits on everybody are told beside what the study chose.

    Attributes:
        kmeans_start_count: random starts of KMeans of which the best is kept.
        mixture_start_count: the same of a mixture.
        regularization: added to the variances of a mixture.
        seed: of the random starts.
    """

    kmeans_start_count: int
    mixture_start_count: int
    regularization: float
    seed: int


@dataclass(frozen=True)
class SegmentModel:
    """A model of a family, whichever it is.

    Attributes:
        family: as in the catalog.
        model: what the family's verbs take.
    """

    family: str
    model: Any

    @classmethod
    def from_rows(cls, family: str, rows: Sequence[ParameterRow]) -> SegmentModel:
        """A model of the warehouse."""
        return cls(family, FAMILIES[family].from_rows(rows))

    @property
    def segment_ids(self) -> tuple[int, ...]:
        """Lasting ids of its segments, ascending."""
        ids: tuple[int, ...] = self.model.segment_ids
        return ids

    def predict(self, matrix: FeatureMatrix) -> IntArray:
        """Segment id of each row."""
        ids: IntArray = FAMILIES[self.family].load().assign_segments(self.model, matrix)
        return ids

    def to_rows(self) -> list[ParameterRow]:
        """Its parameters."""
        return FAMILIES[self.family].to_rows(self.model)

    def with_segment_ids(self, segment_ids: Sequence[int]) -> SegmentModel:
        """The same segments under other ids."""
        renamed = FAMILIES[self.family].load().with_segment_ids(self.model, segment_ids)
        return SegmentModel(self.family, renamed)

    def measure_fit(self, matrix: FeatureMatrix) -> list[Metric]:
        """What its family says of how well it fits."""
        metrics: list[Metric] = FAMILIES[self.family].load().measure_fit(self.model, matrix)
        return metrics


def fit_segments(
    family: str,
    recipe: Mapping[str, Any],
    settings: FitSettings,
    matrix: FeatureMatrix,
    rules: Sequence[FeatureRule],
) -> SegmentModel:
    """Fit what the study chose.

    Args:
        family: as in the catalog.
        recipe: what the study chose for it.
        settings: what it is told beside that.
        matrix: shape (customers, features).
        rules: features to use and how to prepare them.
    """
    entry = FAMILIES[family]
    options = {
        argument: getattr(settings, setting) for argument, setting in entry.fit_options.items()
    }
    return SegmentModel(family, entry.fit(matrix, rules, **recipe, **options, seed=settings.seed))


def fit_rfm_segments(settings: FitSettings, matrix: FeatureMatrix) -> SegmentModel:
    """Fit what most public studies do: KMeans on recency, orders and payments."""
    recipe = {"segment_count": RFM_SEGMENT_COUNT, "scaling": RFM_SCALING}
    return fit_segments(RFM_FAMILY, recipe, settings, matrix, RFM_RULES)


@dataclass(frozen=True)
class JudgedSegments:
    """What everybody's segments are worth.

    Attributes:
        metrics: rows of ``ml.model_metrics``, the study's figures included.
        refusals: why it may not be champion; none if it may.
        sizes: segment id to the number of its customers.
    """

    metrics: Sequence[Metric]
    refusals: Sequence[str]
    sizes: Mapping[int, int]


def judge_segments(
    fitted: SegmentModel, matrix: FeatureMatrix, recipe: BestRecipe, *, seed: int
) -> JudgedSegments:
    """Compare a segmentation with the thresholds again, now that it is fitted on everybody.

    Args:
        fitted: the model.
        matrix: everybody's features.
        recipe: what the study chose, and said of it.
        seed: of samples.
    """
    ids, labels, counts = np.unique(fitted.predict(matrix), return_inverse=True, return_counts=True)
    preprocessing = Preprocessing.from_rows(fitted.to_rows())
    judged = evaluate_segments(preprocessing.apply(matrix), labels, seed=seed)
    silhouettes = [metric.metric_value for metric in judged if metric.metric_name == "silhouette"]
    refusals = find_refusals_of_all(
        columns(preprocessing, matrix),
        labels,
        next(iter(silhouettes), None),
        AcceptanceThresholds(),
        seed=seed,
    )
    if recipe.verdict != PASSED:
        refusals = [recipe.verdict, *refusals]
    metrics = [*judged, *recipe.metrics, *fitted.measure_fit(matrix)]
    return JudgedSegments(metrics, refusals, dict(zip(ids.tolist(), counts.tolist(), strict=True)))


def describe_model(
    fitted: SegmentModel,
    judged: JudgedSegments,
    recipe: BestRecipe,
    settings: FitSettings,
    *,
    as_of_date: date,
    row_count: int,
    feature_count: int,
    code_version: str,
) -> FittedModel:
    """What the registry is to know of a fit."""
    return FittedModel(
        purpose=SEGMENTATION.name,
        family=fitted.family,
        as_of_date=as_of_date,
        row_count=row_count,
        feature_count=feature_count,
        settings={
            **asdict(settings),
            **recipe.settings,
            "candidate_id": recipe.candidate_id,
            "study_id": recipe.study_id,
        },
        code_version=code_version,
        verdict="; ".join(judged.refusals) or PASSED,
        evidence=recipe.evidence,
        parameters=fitted.to_rows(),
        metrics=judged.metrics,
    )

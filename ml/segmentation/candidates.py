"""Candidates of a study of segmentations: how each is fitted, and what was found of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml.families.catalog import FAMILIES, studied_families
from ml.figures import Metric
from ml.purposes import SEGMENTATION
from ml.registry import PASSED
from ml.segmentation.feature_sets import RFM_FAMILY


@dataclass(frozen=True)
class StudySettings:
    """How large a study is.

    Attributes:
        sample_count: people that candidates are fitted and judged on, the first that are given.
        quadratic_sample_count: people of these whom DBSCAN and Ward see, whose cost grows with the
            square; the rest go to the nearest core point within the radius, or the nearest mean.
        seed_count: seeds whose results are compared.
        resample_count: bootstrap samples.
        segment_counts: the k of KMeans, mixtures and Ward.
        kmeans_start_count: random starts of KMeans of which the best is kept.
        mixture_start_count: the same of a mixture.
        regularization: added to the variances of a mixture.
        neighbour_quantiles: radii of DBSCAN, as quantiles of the distance to the farthest of the
            neighbours that a core point needs (two for each feature, Sander et al. 1998).
        seed: of everything.
    """

    sample_count: int = 4_000
    quadratic_sample_count: int = 2_000
    seed_count: int = 20
    resample_count: int = 10
    segment_counts: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8, 9, 10)
    kmeans_start_count: int = 10
    mixture_start_count: int = 1
    regularization: float = 1e-3
    neighbour_quantiles: tuple[float, ...] = (0.8, 0.9, 0.95)
    seed: int = 20_180_830


QUICK_STUDY = StudySettings(
    sample_count=1_000,
    quadratic_sample_count=500,
    seed_count=5,
    resample_count=5,
    segment_counts=(3, 4, 5, 6),
    neighbour_quantiles=(0.9,),
)


@dataclass(frozen=True)
class Recipe:
    """How a candidate is fitted.

    Attributes:
        feature_set: name of the features that it is fitted on.
        family: as in the catalog.
        settings: what the family is told.
    """

    feature_set: str
    family: str
    settings: Mapping[str, Any]

    @property
    def candidate_id(self) -> str:
        """Feature set, family and settings, such as ``full-gmm-diag-4``."""
        return "-".join([self.feature_set, self.family, *map(str, self.settings.values())])


@dataclass(frozen=True)
class StudiedSegment:
    """A segment of a candidate.

    Attributes:
        customer_share: of all people of the sample, 0 to 1.
        jaccard: mean over bootstrap samples of the best Jaccard index with a segment found there.
    """

    customer_share: float
    jaccard: float | None


@dataclass(frozen=True)
class StudiedCandidate:
    """A row of ``ml.segmentation_candidates``; what each figure means is written there.

    Attributes:
        recipe: how it was fitted.
        segments: the largest first.
        passed_rank: 1 is the choice; none if refused, or not scored by the warehouse.
    """

    recipe: Recipe
    segments: tuple[StudiedSegment, ...]
    noise_share: float
    silhouette: float | None
    calinski_harabasz: float | None
    davies_bouldin: float | None
    bic: float | None
    aic: float | None
    inertia: float | None
    seed_agreement: float | None
    resample_agreement: float | None
    closest_feature_name: str | None
    closest_feature_agreement: float | None
    distinct_feature_count: int
    fit_seconds: float
    can_be_champion: bool
    refusals: tuple[str, ...] = ()
    passed_rank: int | None = None
    is_best_of_family: bool = False

    @property
    def smallest_share(self) -> float:
        """Share of the smallest segment; 0 where there is none."""
        return min((segment.customer_share for segment in self.segments), default=0.0)

    @property
    def lowest_jaccard(self) -> float | None:
        """Of the segment that bootstrap samples find again least."""
        values = [segment.jaccard for segment in self.segments if segment.jaccard is not None]
        return min(values, default=None)

    @property
    def verdict(self) -> str:
        """``passed``, or what it fails."""
        return "; ".join(self.refusals) or PASSED


@dataclass(frozen=True)
class BestRecipe:
    """What the study chose for a family.

    Attributes:
        candidate_id: its name in the study.
        family: its kind.
        settings: what the family is told.
        study_id: the study.
        verdict: ``passed``, or what it fails.
        evidence: what the registry is to say of it as champion.
        metrics: the study's figures that model_metrics repeats.
    """

    candidate_id: str
    family: str
    settings: Mapping[str, Any]
    study_id: str
    verdict: str
    evidence: str
    metrics: Sequence[Metric]


def list_recipes(settings: StudySettings, feature_set: str) -> list[Recipe]:
    """Candidates of a study, family by family; of ``rfm``, which is there for comparison, KMeans.

    Example:
        >>> len(list_recipes(StudySettings(), "full")), len(list_recipes(StudySettings(), "rfm"))
        (48, 9)
    """
    families = studied_families(SEGMENTATION)
    if feature_set == "rfm":
        families = [FAMILIES[RFM_FAMILY]]
    return [
        Recipe(feature_set, family.name, recipe_settings)
        for family in families
        for recipe_settings in family.load().list_candidates(settings)
    ]

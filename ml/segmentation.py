"""A study of segmentations: many candidates, judged alike, and a rule that chooses among them.

Each candidate is fitted on a random sample of people, in the scaled space of its features, and held
to four questions. Are its segments apart (silhouette, Calinski-Harabasz, Davies-Bouldin)? Does it
find them again with another seed, and in bootstrap samples? Is each large enough to act on? Are
they more than bins of one feature?

Sources: Rousseeuw (1987), Silhouettes; Kaufman and Rousseeuw (1990), Finding Groups in Data, table
4 (a silhouette up to 0.25 is no substantial structure); Hubert and Arabie (1985), Comparing
partitions (the adjusted Rand index); Hennig (2007), Cluster-wise assessment of cluster stability
(a mean Jaccard index below 0.6 is no segment to rely on); Ester et al. (1996), DBSCAN; Ward (1963).
Fitted by scikit-learn and SciPy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import (
    calinski_harabasz_score,
    davies_bouldin_score,
    pairwise_distances,
    silhouette_score,
)
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from ml.features import FloatArray
from ml.stability import adjusted_rand, contingency, jaccard

IntArray = NDArray[np.int64]
Assign = Callable[[FloatArray], IntArray]

# Families that the warehouse scores; the others are there for comparison.
SCORED_FAMILIES = ("kmeans", "gmm")
COVARIANCE_TYPES = ("full", "diag", "tied")
NOISE = -1


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
class ChoiceRule:
    """What a candidate must keep to become champion; each bound is inclusive.

    Attributes:
        least_silhouette: below, there is no substantial structure (Kaufman and Rousseeuw 1990).
        least_seed_agreement: mean adjusted Rand index between seeds.
        least_jaccard: of the segment that bootstrap samples find again least (Hennig 2007).
        least_share: of the smallest segment.
        most_feature_agreement: adjusted Rand index with the bins of any one feature.
        least_distinct_features: features on which some segment's mean is far from everybody's.
        distinct_difference: what is far, in standard deviations.
        least_gain: silhouette by which the best must be ahead of the present champion's recipe to
            take its place, where that one keeps the rule, too.
    """

    least_silhouette: float = 0.25
    least_seed_agreement: float = 0.95
    least_jaccard: float = 0.6
    least_share: float = 0.02
    most_feature_agreement: float = 0.5
    least_distinct_features: int = 3
    distinct_difference: float = 0.5
    least_gain: float = 0.02


@dataclass(frozen=True)
class Recipe:
    """How a candidate is fitted.

    Attributes:
        feature_set: name of the features that it is fitted on.
        family: ``kmeans``, ``gmm``, ``dbscan`` or ``ward``.
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
        known = [each.jaccard for each in self.segments if each.jaccard is not None]
        return min(known, default=None)

    @property
    def verdict(self) -> str:
        """``passed``, or what it fails."""
        return "; ".join(self.refusals) or "passed"


@dataclass(frozen=True)
class _Fit:
    assign: Assign
    figures: Mapping[str, float] = field(default_factory=dict)


def list_recipes(settings: StudySettings, feature_set: str) -> list[Recipe]:
    """Candidates of a study; of ``rfm``, which is there for comparison, KMeans alone.

    Example:
        >>> len(list_recipes(StudySettings(), "full")), len(list_recipes(StudySettings(), "rfm"))
        (48, 9)
    """
    counts = settings.segment_counts
    recipes = [Recipe(feature_set, "kmeans", {"segment_count": count}) for count in counts]
    if feature_set == "rfm":
        return recipes
    recipes += [
        Recipe(feature_set, "gmm", {"covariance_type": kind, "component_count": count})
        for kind in COVARIANCE_TYPES
        for count in counts
    ]
    recipes += [
        Recipe(feature_set, "dbscan", {"neighbour_quantile": quantile})
        for quantile in settings.neighbour_quantiles
    ]
    return recipes + [Recipe(feature_set, "ward", {"segment_count": count}) for count in counts]


def study_segmentations(
    scaled: Mapping[str, Mapping[str, FloatArray]],
    settings: StudySettings,
    rule: ChoiceRule,
    *,
    worker_count: int = 2,
    progress: Callable[[str], None] = lambda _candidate_id: None,
) -> list[StudiedCandidate]:
    """Fit and judge every candidate, and rank those that keep the rule.

    Args:
        scaled: feature set to its features, each of shape (customers,) in the units that models
            see; ``full`` is the set that a champion may be made of. Each candidate is compared with
            bins of the features of all sets. Customers come in an order that is as good as random:
            the first ones are the sample.
        settings: how large the study is.
        rule: what a champion must keep.
        worker_count: candidates at work at the same time; does not change the result.
        progress: called with the id of each candidate that is done.

    Returns:
        One per recipe, in the order of :func:`list_recipes`.

    Raises:
        ValueError: fewer people than the largest number of segments.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> far = np.repeat([0.0, 9.0, 18.0], 60)
        >>> full = {name: far + rng.normal(0, 1, 180) for name in ("a", "b", "c")}
        >>> found = study_segmentations({"full": full}, QUICK_STUDY, ChoiceRule())
        >>> [each.recipe.candidate_id for each in found if each.passed_rank == 1]
        []
        >>> found[0].refusals[0]
        'bins of a (agreement 1.00, at most 0.50)'
    """
    known = {name: column for features in scaled.values() for name, column in features.items()}
    studies = {name: _Space(name, features, known, settings) for name, features in scaled.items()}
    recipes = [recipe for name in scaled for recipe in list_recipes(settings, name)]

    def judge(recipe: Recipe) -> StudiedCandidate:
        # Of each worker: what the caller limits holds for the caller's own thread.
        with threadpool_limits(1):
            return _judge(studies[recipe.feature_set], recipe, settings, rule)

    with ThreadPoolExecutor(worker_count) as pool:
        judged = pool.map(judge, recipes)
        candidates = []
        for recipe, candidate in zip(recipes, judged, strict=True):
            candidates.append(candidate)
            progress(recipe.candidate_id)
    return rank_candidates(candidates)


def rank_candidates(candidates: Sequence[StudiedCandidate]) -> list[StudiedCandidate]:
    """Order by silhouette those that can be champion; the best of each family is marked.

    A family without a candidate that keeps the rule has a best one nevertheless, which fails least
    of it: it is fitted and shown as what could not be champion. Ties go to the candidate that is
    listed first.
    """

    def quality(candidate: StudiedCandidate) -> tuple[int, float]:
        silhouette = -1.0 if candidate.silhouette is None else candidate.silhouette
        return -len(candidate.refusals), silhouette

    able = sorted((each for each in candidates if each.can_be_champion), key=quality, reverse=True)
    passed = [each.recipe.candidate_id for each in able if not each.refusals]
    best: dict[str, str] = {}
    for each in able:
        best.setdefault(each.recipe.family, each.recipe.candidate_id)
    return [
        replace(
            each,
            passed_rank=passed.index(each.recipe.candidate_id) + 1
            if each.recipe.candidate_id in passed
            else None,
            is_best_of_family=best.get(each.recipe.family) == each.recipe.candidate_id
            and each.can_be_champion,
        )
        for each in candidates
    ]


class _Space:
    """A sample in one feature set, and what all candidates on it share."""

    def __init__(
        self,
        feature_set: str,
        features: Mapping[str, FloatArray],
        known: Mapping[str, FloatArray],
        settings: StudySettings,
    ) -> None:
        everybody = np.column_stack([features[name] for name in sorted(features)])
        count = min(settings.sample_count, len(everybody))
        if count < max(settings.segment_counts):
            raise ValueError(
                f"a study with {max(settings.segment_counts)} segments needs as many people, got "
                f"{count}; wait for more customers, or study fewer segments"
            )
        rng = np.random.default_rng(settings.seed)
        self.sample = np.ascontiguousarray(everybody[:count])
        self.known = {name: known[name][:count] for name in sorted(known)}
        self.distances = pairwise_distances(self.sample)
        self.resamples = [rng.integers(0, count, count) for _ in range(settings.resample_count)]
        self.can_be_champion = feature_set == "full"
        self.bins: dict[tuple[str, int], IntArray] = {}
        self.trees: dict[tuple[int | None, int], tuple[FloatArray, FloatArray]] = {}
        self.lock = Lock()

    def people_of(self, resample: int | None) -> FloatArray:
        """The sample, or one of its bootstrap samples."""
        return self.sample if resample is None else self.sample[self.resamples[resample]]

    def some_of(self, resample: int | None, seed: int, settings: StudySettings) -> FloatArray:
        """People of these whom a quadratic family sees."""
        people = self.people_of(resample)
        count = min(settings.quadratic_sample_count, len(people))
        rng = np.random.default_rng(seed)
        return people[np.sort(rng.choice(len(people), size=count, replace=False))]

    def tree_of(
        self, resample: int | None, seed: int, settings: StudySettings
    ) -> tuple[FloatArray, FloatArray]:
        """Some people and Ward's tree of them, from which every number of segments is cut."""
        with self.lock:
            if (resample, seed) not in self.trees:
                seen = self.some_of(resample, seed, settings)
                self.trees[resample, seed] = seen, linkage(seen, "ward")
            return self.trees[resample, seed]

    def bins_of(self, name: str, count: int, settings: StudySettings) -> IntArray:
        """KMeans on one feature alone."""
        if (name, count) not in self.bins:
            self.bins[name, count] = cut_into_bins(self.known[name], count, seed=settings.seed)
        return self.bins[name, count]


def cut_into_bins(values: FloatArray, count: int, *, seed: int = 0) -> IntArray:
    """KMeans on one feature alone: what a segmentation should be more than.

    Args:
        values: shape (customers,).
        count: bins, fewer where there are not so many values.
        seed: of the random starts.

    Example:
        >>> cut_into_bins(np.array([1.0, 2.0, 9.0]), 2).tolist() in ([0, 0, 1], [1, 1, 0])
        True
    """
    distinct = min(count, len(np.unique(values)))
    fitted = KMeans(distinct, n_init=3, random_state=seed).fit(values.reshape(-1, 1))
    return np.asarray(fitted.labels_, dtype=np.int64)


def find_refusals_of_all(
    scaled: Mapping[str, FloatArray],
    labels: IntArray,
    silhouette: float | None,
    rule: ChoiceRule,
    *,
    seed: int = 0,
) -> list[str]:
    """What a segmentation fails once it is fitted on everybody, whatever its sample promised.

    Args:
        scaled: features to hold it to, each of shape (customers,).
        labels: shape (customers,), from 0 without a gap.
        silhouette: of everybody, or of a large sample.
        rule: what a champion must keep.
        seed: of the bins.

    Example:
        >>> labels = np.array([0, 0, 1, 1])
        >>> find_refusals_of_all({"a": np.array([0.0, 0, 5, 5])}, labels, 0.9, ChoiceRule())
        ['of everybody: bins of a (agreement 1.00, at most 0.50)']
    """
    refusals = []
    count = int(labels.max()) + 1
    for name, values in scaled.items():
        agreement = _agreement(labels, cut_into_bins(values, count, seed=seed))
        if agreement > rule.most_feature_agreement:
            refusals.append(
                f"of everybody: bins of {name} (agreement {agreement:.2f}, "
                f"at most {rule.most_feature_agreement:.2f})"
            )
    share = float(np.bincount(labels).min() / len(labels))
    for name, value, least in (
        ("silhouette", silhouette, rule.least_silhouette),
        ("smallest share", share, rule.least_share),
    ):
        if value is None or value < least:
            said = "unknown" if value is None else f"{value:.3f}"
            refusals.append(f"of everybody: {name} {said}, at least {least:.2f}")
    return refusals


def _judge(
    space: _Space, recipe: Recipe, settings: StudySettings, rule: ChoiceRule
) -> StudiedCandidate:
    began_at = time.perf_counter()
    fit = _fit(recipe, space, None, settings, settings.seed)
    fit_seconds = time.perf_counter() - began_at
    labels = _by_size(fit.assign(space.sample))
    of_seeds = [labels] + [
        _fit(recipe, space, None, settings, settings.seed + number).assign(space.sample)
        for number in range(1, settings.seed_count)
    ]
    of_resamples = [
        _fit(recipe, space, resample, settings, settings.seed).assign(space.sample)
        for resample in range(settings.resample_count)
    ]
    found = int(labels.max()) + 1
    inside = labels != NOISE
    sizes = np.bincount(labels[inside], minlength=max(found, 0))
    silhouette = calinski = davies = None
    if 2 <= found < inside.sum():
        distances = space.distances[np.ix_(inside, inside)]
        silhouette = float(silhouette_score(distances, labels[inside], metric="precomputed"))
        calinski = float(calinski_harabasz_score(space.sample[inside], labels[inside]))
        davies = float(davies_bouldin_score(space.sample[inside], labels[inside]))
    closest, closest_agreement = None, None
    if found >= 2:
        agreements = {
            name: _agreement(labels, space.bins_of(name, found, settings)) for name in space.known
        }
        closest = max(agreements, key=lambda name: agreements[name])
        closest_agreement = agreements[closest]
    means = np.array([space.sample[labels == segment].mean(axis=0) for segment in range(found)])
    spread = space.sample.std(axis=0)
    far = np.abs(means - space.sample.mean(axis=0)) >= rule.distinct_difference * spread
    # Noise is a group to be counted, but no segment.
    jaccards = np.array(
        [
            jaccard(contingency(labels - NOISE, other - NOISE))[1:, 1:].max(axis=1, initial=0.0)
            for other in of_resamples
        ]
    )
    candidate = StudiedCandidate(
        recipe=recipe,
        segments=tuple(
            StudiedSegment(
                float(size / len(labels)),
                float(jaccards[:, index].mean()) if len(jaccards) else None,
            )
            for index, size in enumerate(sizes)
        ),
        noise_share=float(1 - inside.mean()),
        silhouette=silhouette,
        calinski_harabasz=calinski,
        davies_bouldin=davies,
        bic=fit.figures.get("bic"),
        aic=fit.figures.get("aic"),
        inertia=fit.figures.get("inertia"),
        seed_agreement=_mean(_agreement(a, b) for a, b in combinations(of_seeds, 2)),
        resample_agreement=_mean(_agreement(labels, other) for other in of_resamples),
        closest_feature_name=closest,
        closest_feature_agreement=closest_agreement,
        distinct_feature_count=int((far & (spread > 0)).any(axis=0).sum()) if found else 0,
        fit_seconds=fit_seconds,
        can_be_champion=space.can_be_champion and recipe.family in SCORED_FAMILIES,
    )
    return replace(candidate, refusals=tuple(find_refusals(candidate, rule)))


def find_refusals(candidate: StudiedCandidate, rule: ChoiceRule) -> list[str]:
    """What a candidate fails, each with its figure and the bound; nothing if it passes."""
    refusals = []
    agreement = candidate.closest_feature_agreement
    if agreement is not None and agreement > rule.most_feature_agreement:
        refusals.append(
            f"bins of {candidate.closest_feature_name} (agreement {agreement:.2f}, "
            f"at most {rule.most_feature_agreement:.2f})"
        )
    for name, value, least in (
        ("silhouette", candidate.silhouette, rule.least_silhouette),
        ("agreement between seeds", candidate.seed_agreement, rule.least_seed_agreement),
        ("lowest Jaccard index", candidate.lowest_jaccard, rule.least_jaccard),
        ("smallest share", candidate.smallest_share, rule.least_share),
    ):
        if value is None or value < least:
            said = "unknown" if value is None else f"{value:.3f}"
            refusals.append(f"{name} {said}, at least {least:.2f}")
    if candidate.distinct_feature_count < rule.least_distinct_features:
        refusals.append(
            f"segments differ on {candidate.distinct_feature_count} features, "
            f"at least {rule.least_distinct_features}"
        )
    return refusals


def _fit(
    recipe: Recipe, space: _Space, resample: int | None, settings: StudySettings, seed: int
) -> _Fit:
    told = recipe.settings
    if recipe.family == "ward":
        return _fit_ward(*space.tree_of(resample, seed, settings), told["segment_count"])
    if recipe.family == "dbscan":
        return _fit_dbscan(space.some_of(resample, seed, settings), told["neighbour_quantile"])
    sample = space.people_of(resample)
    if recipe.family == "kmeans":
        kmeans = KMeans(
            told["segment_count"], n_init=settings.kmeans_start_count, random_state=seed
        ).fit(sample)
        return _Fit(kmeans.predict, {"inertia": float(kmeans.inertia_)})
    mixture = GaussianMixture(
        told["component_count"],
        covariance_type=told["covariance_type"],
        n_init=settings.mixture_start_count,
        reg_covar=settings.regularization,
        random_state=seed,
        max_iter=200,
    ).fit(sample)
    return _Fit(
        mixture.predict, {"bic": float(mixture.bic(sample)), "aic": float(mixture.aic(sample))}
    )


def _fit_dbscan(seen: FloatArray, neighbour_quantile: float) -> _Fit:
    neighbour_count = min(2 * seen.shape[1], len(seen) - 1)
    farthest = NearestNeighbors(n_neighbors=neighbour_count).fit(seen).kneighbors()[0][:, -1]
    radius = max(float(np.quantile(farthest, neighbour_quantile)), float(np.finfo(float).tiny))
    fitted = DBSCAN(eps=radius, min_samples=neighbour_count).fit(seen)
    if not len(fitted.core_sample_indices_):
        return _Fit(lambda rows: np.full(len(rows), NOISE))
    core = NearestNeighbors(n_neighbors=1).fit(seen[fitted.core_sample_indices_])
    core_labels = fitted.labels_[fitted.core_sample_indices_]

    def assign(rows: FloatArray) -> IntArray:
        distance, index = core.kneighbors(rows)
        return np.where(distance[:, 0] <= radius, core_labels[index[:, 0]], NOISE)

    return _Fit(assign)


def _fit_ward(seen: FloatArray, tree: FloatArray, segment_count: int) -> _Fit:
    labels = fcluster(tree, segment_count, "maxclust")
    means = np.array([seen[labels == label].mean(axis=0) for label in np.unique(labels)])
    return _Fit(lambda rows: np.argmin(pairwise_distances(rows, means), axis=1))


def _by_size(labels: IntArray) -> IntArray:
    """The same segments, 0 for the largest; noise stays -1."""
    found, counts = np.unique(labels[labels != NOISE], return_counts=True)
    order = found[np.lexsort((found, -counts))]
    renamed = np.full(len(labels), NOISE)
    for new, old in enumerate(order):
        renamed[labels == old] = new
    return renamed


def _agreement(one: IntArray, other: IntArray) -> float:
    """Adjusted Rand index; noise is a group like any other."""
    return adjusted_rand(contingency(one - NOISE, other - NOISE))


def _mean(values: Any) -> float | None:
    known = [float(value) for value in values]
    return float(np.mean(known)) if known else None

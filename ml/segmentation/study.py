"""A study of segmentations: many candidates, judged alike, and the choice among them.

Each candidate is fitted on a random sample of people, in the scaled space of its features, and held
to four questions. Are its segments apart (silhouette, Calinski-Harabasz, Davies-Bouldin)? Does it
find them again with another seed, and in bootstrap samples? Is each large enough to act on? Are
they more than bins of one feature?

Sources: Rousseeuw (1987), Silhouettes; Kaufman and Rousseeuw (1990), Finding Groups in Data; Hubert
and Arabie (1985), Comparing partitions (the adjusted Rand index); Hennig (2007), Cluster-wise
assessment of cluster stability.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from threadpoolctl import threadpool_limits

from ml.families.catalog import FAMILIES
from ml.features import FloatArray
from ml.segmentation.agreement import NOISE, IntArray, contingency, jaccard, label_agreement
from ml.segmentation.candidates import (
    Recipe,
    StudiedCandidate,
    StudiedSegment,
    StudySettings,
    list_recipes,
)
from ml.segmentation.choice import AcceptanceThresholds, find_refusals, rank_candidates
from ml.segmentation.fits import fit_candidate
from ml.segmentation.space import Space


def study_segmentations(
    scaled: Mapping[str, Mapping[str, FloatArray]],
    settings: StudySettings,
    thresholds: AcceptanceThresholds,
    *,
    worker_count: int = 2,
    progress: Callable[[str], None] = lambda _candidate_id: None,
) -> list[StudiedCandidate]:
    """Fit and judge every candidate, and rank those that pass.

    Args:
        scaled: feature set to its features, each of shape (customers,) in the units that models
            see; ``full`` is the set that a champion may be made of. Each candidate is compared with
            bins of the features of all sets. Customers come in an order that is as good as random:
            the first ones are the sample.
        settings: how large the study is.
        thresholds: what a champion must reach.
        worker_count: candidates at work at the same time; does not change the result.
        progress: called with the id of each candidate that is done.

    Returns:
        One per recipe, in the order of :func:`list_recipes`.

    Raises:
        ValueError: fewer people than the largest number of segments.

    Example:
        >>> from ml.segmentation.candidates import QUICK_STUDY
        >>> rng = np.random.default_rng(0)
        >>> far = np.repeat([0.0, 9.0, 18.0], 60)
        >>> full = {name: far + rng.normal(0, 1, 180) for name in ("a", "b", "c")}
        >>> found = study_segmentations({"full": full}, QUICK_STUDY, AcceptanceThresholds())
        >>> [each.recipe.candidate_id for each in found if each.passed_rank == 1]
        []
        >>> found[0].refusals[0]
        'bins of a (agreement 1.00, at most 0.50)'
    """
    columns = {name: column for features in scaled.values() for name, column in features.items()}
    studies = {name: Space(name, features, columns, settings) for name, features in scaled.items()}
    recipes = [recipe for name in scaled for recipe in list_recipes(settings, name)]

    def judge(recipe: Recipe) -> StudiedCandidate:
        # Of each worker: what the caller limits holds for the caller's own thread.
        with threadpool_limits(1):
            return _judge(studies[recipe.feature_set], recipe, settings, thresholds)

    with ThreadPoolExecutor(worker_count) as pool:
        judged = pool.map(judge, recipes)
        candidates = []
        for recipe, candidate in zip(recipes, judged, strict=True):
            candidates.append(candidate)
            progress(recipe.candidate_id)
    return rank_candidates(candidates)


def _judge(
    space: Space, recipe: Recipe, settings: StudySettings, thresholds: AcceptanceThresholds
) -> StudiedCandidate:
    began_at = time.perf_counter()
    fit = fit_candidate(recipe, space, None, settings, settings.seed)
    fit_seconds = time.perf_counter() - began_at
    labels = _by_size(fit.assign(space.sample))
    of_seeds = [labels] + [
        fit_candidate(recipe, space, None, settings, settings.seed + number).assign(space.sample)
        for number in range(1, settings.seed_count)
    ]
    of_resamples = [
        fit_candidate(recipe, space, resample, settings, settings.seed).assign(space.sample)
        for resample in range(settings.resample_count)
    ]
    segment_count = int(labels.max()) + 1
    inside = labels != NOISE
    sizes = np.bincount(labels[inside], minlength=max(segment_count, 0))
    silhouette = calinski = davies = None
    if 2 <= segment_count < inside.sum():
        distances = space.distances[np.ix_(inside, inside)]
        silhouette = float(silhouette_score(distances, labels[inside], metric="precomputed"))
        calinski = float(calinski_harabasz_score(space.sample[inside], labels[inside]))
        davies = float(davies_bouldin_score(space.sample[inside], labels[inside]))
    closest, closest_agreement = None, None
    if segment_count >= 2:
        agreements = {
            name: label_agreement(labels, space.bins_of(name, segment_count, settings))
            for name in space.known
        }
        closest = max(agreements, key=lambda name: agreements[name])
        closest_agreement = agreements[closest]
    means = np.array(
        [space.sample[labels == segment].mean(axis=0) for segment in range(segment_count)]
    )
    spread = space.sample.std(axis=0)
    far = np.abs(means - space.sample.mean(axis=0)) >= thresholds.distinct_difference * spread
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
        seed_agreement=_mean(label_agreement(a, b) for a, b in combinations(of_seeds, 2)),
        resample_agreement=_mean(label_agreement(labels, other) for other in of_resamples),
        closest_feature_name=closest,
        closest_feature_agreement=closest_agreement,
        distinct_feature_count=int((far & (spread > 0)).any(axis=0).sum()) if segment_count else 0,
        fit_seconds=fit_seconds,
        can_be_champion=space.can_be_champion and not FAMILIES[recipe.family].is_studied_only,
    )
    return replace(candidate, refusals=tuple(find_refusals(candidate, thresholds)))


def _by_size(labels: IntArray) -> IntArray:
    """The same segments, 0 for the largest; noise stays -1."""
    segments, counts = np.unique(labels[labels != NOISE], return_counts=True)
    order = segments[np.lexsort((segments, -counts))]
    renamed = np.full(len(labels), NOISE)
    for new, old in enumerate(order):
        renamed[labels == old] = new
    return renamed


def _mean(values: Any) -> float | None:
    numbers = [float(value) for value in values]
    return float(np.mean(numbers)) if numbers else None

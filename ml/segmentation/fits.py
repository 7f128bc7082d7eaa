"""How a study fits a candidate, by scikit-learn and SciPy.

Sources: Ester et al. (1996), DBSCAN; Ward (1963).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.cluster.hierarchy import fcluster
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import pairwise_distances
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from ml.features import FloatArray
from ml.segmentation.agreement import NOISE, IntArray
from ml.segmentation.candidates import Recipe, StudySettings
from ml.segmentation.space import Space

Assign = Callable[[FloatArray], IntArray]


@dataclass(frozen=True)
class CandidateFit:
    """A fitted candidate: who goes where, and what its family says of the fit."""

    assign: Assign
    figures: Mapping[str, float] = field(default_factory=dict)


def fit_candidate(
    recipe: Recipe, space: Space, resample: int | None, settings: StudySettings, seed: int
) -> CandidateFit:
    """Fit a candidate on the sample, or on one of its bootstrap samples."""
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
        return CandidateFit(kmeans.predict, {"inertia": float(kmeans.inertia_)})
    mixture = GaussianMixture(
        told["component_count"],
        covariance_type=told["covariance_type"],
        n_init=settings.mixture_start_count,
        reg_covar=settings.regularization,
        random_state=seed,
        max_iter=200,
    ).fit(sample)
    return CandidateFit(
        mixture.predict, {"bic": float(mixture.bic(sample)), "aic": float(mixture.aic(sample))}
    )


def _fit_dbscan(seen: FloatArray, neighbour_quantile: float) -> CandidateFit:
    neighbour_count = min(2 * seen.shape[1], len(seen) - 1)
    farthest = NearestNeighbors(n_neighbors=neighbour_count).fit(seen).kneighbors()[0][:, -1]
    radius = max(float(np.quantile(farthest, neighbour_quantile)), float(np.finfo(float).tiny))
    fitted = DBSCAN(eps=radius, min_samples=neighbour_count).fit(seen)
    if not len(fitted.core_sample_indices_):
        return CandidateFit(lambda rows: np.full(len(rows), NOISE))
    core = NearestNeighbors(n_neighbors=1).fit(seen[fitted.core_sample_indices_])
    core_labels = fitted.labels_[fitted.core_sample_indices_]

    def assign(rows: FloatArray) -> IntArray:
        distance, index = core.kneighbors(rows)
        return np.where(distance[:, 0] <= radius, core_labels[index[:, 0]], NOISE)

    return CandidateFit(assign)


def _fit_ward(seen: FloatArray, tree: FloatArray, segment_count: int) -> CandidateFit:
    labels = fcluster(tree, segment_count, "maxclust")
    means = np.array([seen[labels == label].mean(axis=0) for label in np.unique(labels)])
    return CandidateFit(lambda rows: np.argmin(pairwise_distances(rows, means), axis=1))

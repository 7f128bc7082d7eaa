"""DBSCAN, which studies compare with the families that the warehouse scores.

Source: Ester et al. (1996), A density-based algorithm for discovering clusters in large spatial
databases with noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.neighbors import NearestNeighbors

from ml.features import FloatArray
from ml.segmentation.agreement import NOISE, IntArray
from ml.segmentation.candidates import StudySettings
from ml.segmentation.fits import CandidateFit
from ml.segmentation.space import Space

FAMILY = "dbscan"


def list_candidates(settings: StudySettings) -> list[dict[str, Any]]:
    """What its candidates are told: one radius each."""
    return [{"neighbour_quantile": quantile} for quantile in settings.neighbour_quantiles]


def fit_candidate(
    candidate: Mapping[str, Any],
    space: Space,
    resample: int | None,
    settings: StudySettings,
    seed: int,
) -> CandidateFit:
    """Fit on some people; the others go to the nearest core point within the radius, or nowhere."""
    people = space.some_of(resample, seed, settings)
    neighbour_count = min(2 * people.shape[1], len(people) - 1)
    farthest = NearestNeighbors(n_neighbors=neighbour_count).fit(people).kneighbors()[0][:, -1]
    quantile = np.quantile(farthest, candidate["neighbour_quantile"])
    radius = max(float(quantile), float(np.finfo(float).tiny))
    fitted = DBSCAN(eps=radius, min_samples=neighbour_count).fit(people)
    if not len(fitted.core_sample_indices_):
        return CandidateFit(lambda rows: np.full(len(rows), NOISE))
    core = NearestNeighbors(n_neighbors=1).fit(people[fitted.core_sample_indices_])
    core_labels = fitted.labels_[fitted.core_sample_indices_]

    def assign(rows: FloatArray) -> IntArray:
        distance, index = core.kneighbors(rows)
        return np.where(distance[:, 0] <= radius, core_labels[index[:, 0]], NOISE)

    return CandidateFit(assign)

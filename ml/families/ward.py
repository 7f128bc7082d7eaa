"""Ward's hierarchical clusters, which studies compare with the families that are scored.

Source: Ward (1963), Hierarchical grouping to optimize an objective function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster
from sklearn.metrics import pairwise_distances

from ml.segmentation.candidates import StudySettings
from ml.segmentation.fits import CandidateFit
from ml.segmentation.space import Space

FAMILY = "ward"


def list_candidates(settings: StudySettings) -> list[dict[str, Any]]:
    """What its candidates are told: one number of segments each."""
    return [{"segment_count": count} for count in settings.segment_counts]


def fit_candidate(
    candidate: Mapping[str, Any],
    space: Space,
    resample: int | None,
    settings: StudySettings,
    seed: int,
) -> CandidateFit:
    """Cut the tree of some people; the others go to the nearest mean."""
    people, tree = space.tree_of(resample, seed, settings)
    labels = fcluster(tree, candidate["segment_count"], "maxclust")
    means = np.array([people[labels == label].mean(axis=0) for label in np.unique(labels)])
    return CandidateFit(lambda rows: np.argmin(pairwise_distances(rows, means), axis=1))

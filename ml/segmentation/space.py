"""The sample of a study in one feature set, and what all candidates on it share."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

import numpy as np
from scipy.cluster.hierarchy import linkage
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances

from ml.features import FloatArray
from ml.segmentation.agreement import IntArray
from ml.segmentation.candidates import StudySettings


class Space:
    """A sample in one feature set, and what all candidates on it share."""

    def __init__(
        self,
        feature_set: str,
        features: Mapping[str, FloatArray],
        columns: Mapping[str, FloatArray],
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
        self.known = {name: columns[name][:count] for name in sorted(columns)}
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
                people = self.some_of(resample, seed, settings)
                self.trees[resample, seed] = people, linkage(people, "ward")
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

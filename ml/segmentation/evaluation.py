"""How good a segmentation is, in the space that it was fitted in."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

from ml.features import FloatArray
from ml.figures import Metric
from ml.segmentation.agreement import IntArray


def evaluate_segments(
    scaled: FloatArray, segment_ids: IntArray, *, sample_size: int = 5_000, seed: int = 0
) -> list[Metric]:
    """Judge a segmentation in the space that it was fitted in.

    Silhouette (Rousseeuw 1987) is quadratic, so it is taken on a random sample; Calinski-Harabasz
    (1974) and Davies-Bouldin (1979) on all rows.

    Args:
        scaled: shape (customers, features).
        segment_ids: shape (customers,), from 0.
        sample_size: rows for the silhouette.
        seed: of that sample.

    Returns:
        No quality metrics where all customers are in one segment, or each in one of their own.
    """
    sizes = np.bincount(segment_ids)
    occupied = sizes[sizes > 0]
    metrics = [Metric("train", "smallest_segment_share", float(occupied.min() / len(segment_ids)))]
    if not 2 <= len(occupied) < len(segment_ids):
        return metrics
    rng = np.random.default_rng(seed)
    size = min(sample_size, len(segment_ids))
    rows = np.sort(rng.choice(len(segment_ids), size=size, replace=False))
    if 2 <= len(np.unique(segment_ids[rows])) < size:
        score = float(silhouette_score(scaled[rows], segment_ids[rows]))
        metrics.append(Metric("train", "silhouette", score))
    metrics.append(
        Metric("train", "calinski_harabasz", float(calinski_harabasz_score(scaled, segment_ids)))
    )
    metrics.append(
        Metric("train", "davies_bouldin", float(davies_bouldin_score(scaled, segment_ids)))
    )
    return metrics

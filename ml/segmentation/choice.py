"""The thresholds that a segmentation must reach, the choice among those that do.

Sources: Kaufman and Rousseeuw (1990), Finding Groups in Data, table 4 (a silhouette up to 0.25 is
no substantial structure); Hennig (2007), Cluster-wise assessment of cluster stability (a mean
Jaccard index below 0.6 is no segment to rely on).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml.features import FloatArray
from ml.segmentation.agreement import IntArray, label_agreement
from ml.segmentation.candidates import StudiedCandidate
from ml.segmentation.space import cut_into_bins


@dataclass(frozen=True)
class AcceptanceThresholds:
    """What a candidate must reach to become champion; each bound is inclusive.

    Attributes:
        min_silhouette: below, there is no substantial structure (Kaufman and Rousseeuw 1990).
        min_seed_agreement: mean adjusted Rand index between seeds.
        min_jaccard: of the segment that bootstrap samples find again least (Hennig 2007).
        min_share: of the smallest segment.
        max_feature_agreement: adjusted Rand index with the bins of any one feature.
        min_distinct_features: features on which some segment's mean is far from everybody's.
        distinct_difference: what is far, in standard deviations.
        min_gain: silhouette by which the best must be ahead of the present champion's recipe to
            take its place, where that one passes, too.
    """

    min_silhouette: float = 0.25
    min_seed_agreement: float = 0.95
    min_jaccard: float = 0.6
    min_share: float = 0.02
    max_feature_agreement: float = 0.5
    min_distinct_features: int = 3
    distinct_difference: float = 0.5
    min_gain: float = 0.02


def rank_candidates(candidates: Sequence[StudiedCandidate]) -> list[StudiedCandidate]:
    """Order by silhouette those that can be champion; the best of each family is marked.

    A family without a candidate that passes has a best one nevertheless, which misses the fewest
    thresholds: it is fitted and shown as what could not be champion. Ties go to the candidate that
    is listed first.
    """

    def quality(candidate: StudiedCandidate) -> tuple[int, float]:
        silhouette = -1.0 if candidate.silhouette is None else candidate.silhouette
        return -len(candidate.refusals), silhouette

    able = sorted(
        (candidate for candidate in candidates if candidate.can_be_champion),
        key=quality,
        reverse=True,
    )
    passed = [candidate.recipe.candidate_id for candidate in able if not candidate.refusals]
    best: dict[str, str] = {}
    for candidate in able:
        best.setdefault(candidate.recipe.family, candidate.recipe.candidate_id)
    return [
        replace(
            candidate,
            passed_rank=passed.index(candidate.recipe.candidate_id) + 1
            if candidate.recipe.candidate_id in passed
            else None,
            is_best_of_family=best.get(candidate.recipe.family) == candidate.recipe.candidate_id
            and candidate.can_be_champion,
        )
        for candidate in candidates
    ]


def find_refusals_of_all(
    scaled: Mapping[str, FloatArray],
    labels: IntArray,
    silhouette: float | None,
    thresholds: AcceptanceThresholds,
    *,
    seed: int = 0,
) -> list[str]:
    """What a segmentation fails once it is fitted on everybody, whatever its sample promised.

    Args:
        scaled: features to hold it to, each of shape (customers,).
        labels: shape (customers,), from 0 without a gap.
        silhouette: of everybody, or of a large sample.
        thresholds: what a champion must keep.
        seed: of the bins.

    Example:
        >>> labels = np.array([0, 0, 1, 1])
        >>> scaled = {"a": np.array([0.0, 0, 5, 5])}
        >>> find_refusals_of_all(scaled, labels, 0.9, AcceptanceThresholds())
        ['of everybody: bins of a (agreement 1.00, at most 0.50)']
    """
    refusals = []
    count = int(labels.max()) + 1
    for name, values in scaled.items():
        agreement = label_agreement(labels, cut_into_bins(values, count, seed=seed))
        if agreement > thresholds.max_feature_agreement:
            refusals.append(
                f"of everybody: bins of {name} (agreement {agreement:.2f}, "
                f"at most {thresholds.max_feature_agreement:.2f})"
            )
    share = float(np.bincount(labels).min() / len(labels))
    for name, value, least in (
        ("silhouette", silhouette, thresholds.min_silhouette),
        ("smallest share", share, thresholds.min_share),
    ):
        if value is None or value < least:
            shown_value = "unknown" if value is None else f"{value:.3f}"
            refusals.append(f"of everybody: {name} {shown_value}, at least {least:.2f}")
    return refusals


def find_refusals(candidate: StudiedCandidate, thresholds: AcceptanceThresholds) -> list[str]:
    """What a candidate fails, each with its figure and the bound; nothing if it passes."""
    refusals = []
    agreement = candidate.closest_feature_agreement
    if agreement is not None and agreement > thresholds.max_feature_agreement:
        refusals.append(
            f"bins of {candidate.closest_feature_name} (agreement {agreement:.2f}, "
            f"at most {thresholds.max_feature_agreement:.2f})"
        )
    for name, value, least in (
        ("silhouette", candidate.silhouette, thresholds.min_silhouette),
        ("agreement between seeds", candidate.seed_agreement, thresholds.min_seed_agreement),
        ("lowest Jaccard index", candidate.lowest_jaccard, thresholds.min_jaccard),
        ("smallest share", candidate.smallest_share, thresholds.min_share),
    ):
        if value is None or value < least:
            shown_value = "unknown" if value is None else f"{value:.3f}"
            refusals.append(f"{name} {shown_value}, at least {least:.2f}")
    if candidate.distinct_feature_count < thresholds.min_distinct_features:
        refusals.append(
            f"segments differ on {candidate.distinct_feature_count} features, "
            f"at least {thresholds.min_distinct_features}"
        )
    return refusals

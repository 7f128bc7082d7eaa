"""The study of segmentations: figures, verdicts, ranks."""

from dataclasses import replace

import numpy as np
import pytest
from candidates import PASSING
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from ml.segmentation.candidates import QUICK_STUDY, Recipe, StudiedSegment, list_recipes
from ml.segmentation.choice import (
    AcceptanceThresholds,
    find_refusals,
    find_refusals_of_all,
    rank_candidates,
)
from ml.segmentation.study import study_segmentations

SMALL = replace(QUICK_STUDY, seed_count=3, resample_count=3, segment_counts=(2, 3, 4, 5))


def by_id(candidates):
    return {candidate.recipe.candidate_id: candidate for candidate in candidates}


def spots(centres, *, people=150, spread=0.5, seed=1):
    """So many people around each centre; a row of centres is a feature."""
    rng = np.random.default_rng(seed)
    means = np.repeat(np.array(centres, dtype=float), people, axis=1)
    return {
        f"f{number}": row for number, row in enumerate(means + rng.normal(0, spread, means.shape))
    }


@pytest.fixture(scope="module")
def four_types():
    """Four types of people: each stands apart on a feature of its own, none on all."""
    return study_segmentations(
        {"full": spots(6 * np.eye(4)[:, :4])}, SMALL, AcceptanceThresholds(), worker_count=1
    )


def test_of_iris_the_published_figures_are_found():
    """KMeans of Fisher's irises: silhouette 0.681 and 0.553, Calinski-Harabasz 513.9 and 561.6,
    Davies-Bouldin 0.404 and 0.662 for two and three segments (as in many textbooks)."""
    values = load_iris().data
    features = {f"f{number}": values[:, number] for number in range(4)}
    candidates = by_id(study_segmentations({"full": features}, SMALL, AcceptanceThresholds()))
    two, three = candidates["full-kmeans-2"], candidates["full-kmeans-3"]
    assert [two.silhouette, three.silhouette] == pytest.approx([0.6810, 0.5528], abs=5e-4)
    assert two.calinski_harabasz == pytest.approx(513.92, abs=0.05)
    assert three.calinski_harabasz == pytest.approx(561.63, abs=0.05)
    assert [two.davies_bouldin, three.davies_bouldin] == pytest.approx([0.4043, 0.6620], abs=5e-4)
    assert [segment.customer_share * 150 for segment in three.segments] == pytest.approx(
        [62, 50, 38]
    )
    assert three.inertia == pytest.approx(78.85, abs=0.01)


def test_planted_types_are_found_and_the_right_number_of_them_wins(four_types):
    winner = next(candidate for candidate in four_types if candidate.passed_rank == 1)
    assert winner.recipe.candidate_id in {"full-kmeans-4", "full-gmm-full-4", "full-gmm-diag-4",
                                          "full-gmm-tied-4"}  # fmt: skip
    assert winner.verdict == "passed"
    assert [segment.customer_share for segment in winner.segments] == [0.25] * 4
    assert [segment.jaccard for segment in winner.segments] == [1.0] * 4
    assert winner.seed_agreement == winner.resample_agreement == 1.0
    assert winner.distinct_feature_count == 4
    assert by_id(four_types)["full-ward-4"].seed_agreement == 1.0
    assert by_id(four_types)["full-dbscan-0.9"].resample_agreement > 0.9


def test_what_the_warehouse_cannot_score_is_judged_but_never_ranked(four_types):
    others = [
        candidate for candidate in four_types if candidate.recipe.family in ("dbscan", "ward")
    ]
    assert others and all(candidate.passed_rank is None for candidate in others)
    assert not any(candidate.is_best_of_family for candidate in others)
    assert by_id(four_types)["full-ward-4"].verdict == "passed"


def test_each_scored_family_has_one_best_candidate(four_types):
    best = [candidate.recipe.family for candidate in four_types if candidate.is_best_of_family]
    assert sorted(best) == ["gmm", "kmeans"]


def test_types_that_differ_by_one_feature_only_are_refused_as_bins_of_it():
    features = spots([[0, 12, 24], [0, 0, 0], [0, 0, 0], [0, 0, 0]], spread=1.0)
    candidates = study_segmentations({"full": features}, SMALL, AcceptanceThresholds())
    assert not any(candidate.passed_rank for candidate in candidates)
    three = by_id(candidates)["full-kmeans-3"]
    assert three.closest_feature_name == "f0"
    assert three.closest_feature_agreement == pytest.approx(1.0)
    assert three.verdict.startswith("bins of f0 (agreement 1.00, at most 0.50)")


def test_in_a_cloud_without_types_nothing_is_found():
    rng = np.random.default_rng(2)
    features = {f"f{number}": rng.normal(size=600) for number in range(5)}
    candidates = study_segmentations({"full": features}, SMALL, AcceptanceThresholds())
    assert not any(candidate.passed_rank for candidate in candidates)
    assert [candidate.is_best_of_family for candidate in candidates].count(True) == 2


def test_a_set_for_comparison_is_judged_but_cannot_win():
    features = spots(6 * np.eye(4))
    candidates = study_segmentations({"rfm": features}, SMALL, AcceptanceThresholds())
    assert {candidate.recipe.family for candidate in candidates} == {"kmeans"}
    assert by_id(candidates)["rfm-kmeans-4"].verdict == "passed"
    assert not any(candidate.passed_rank or candidate.can_be_champion for candidate in candidates)


def test_bins_of_a_feature_of_another_set_are_refused_too():
    """Types that stand apart by three features together, and by one that is not theirs alone."""
    full = spots([[0, 12, 24], [0, 12, 24], [0, 12, 24]])
    rfm = {"recency_days": full["f0"] * 100}
    candidates = study_segmentations({"full": full, "rfm": rfm}, SMALL, AcceptanceThresholds())
    three = by_id(candidates)["full-kmeans-3"]
    assert three.closest_feature_agreement == pytest.approx(1.0)
    only_rfm = by_id(candidates)["rfm-kmeans-3"]
    assert only_rfm.verdict.startswith("bins of ")


def test_a_segmentation_of_everybody_is_held_to_the_rule_again():
    features = {"a": np.repeat([0.0, 9.0], 50), "b": np.tile([0.0, 9.0], 50)}
    by_both = (features["a"] > 1) * 2 + (features["b"] > 1)
    assert find_refusals_of_all(features, by_both.astype(int), 0.25, AcceptanceThresholds()) == []
    by_a = (features["a"] > 1).astype(int)
    assert find_refusals_of_all(features, by_a, 0.2, AcceptanceThresholds()) == [
        "of everybody: bins of a (agreement 1.00, at most 0.50)",
        "of everybody: silhouette 0.200, at least 0.25",
    ]
    rare = np.array([1] + [0] * 99)
    assert find_refusals_of_all(features, rare, None, AcceptanceThresholds()) == [
        "of everybody: silhouette unknown, at least 0.25",
        "of everybody: smallest share 0.010, at least 0.02",
    ]


def test_the_first_people_are_the_sample():
    """Whoever comes after the sample changes nothing about it."""
    features = spots(6 * np.eye(4), people=100)
    few = replace(SMALL, sample_count=300, segment_counts=(3,))
    more = {name: np.append(values, [99.0] * 50) for name, values in features.items()}
    candidates, again = (
        [
            replace(candidate, fit_seconds=0)
            for candidate in study_segmentations({"full": columns}, few, AcceptanceThresholds())
        ]
        for columns in (features, more)
    )
    assert candidates == again


def test_few_people_are_studied_without_an_error():
    rng = np.random.default_rng(1)
    few = {f"f{number}": rng.normal(size=6) for number in range(4)}
    assert study_segmentations({"full": few}, SMALL, AcceptanceThresholds())


def test_two_workers_find_what_one_finds(four_types):
    again = study_segmentations(
        {"full": spots(6 * np.eye(4)[:, :4])}, SMALL, AcceptanceThresholds(), worker_count=2
    )
    assert [replace(candidate, fit_seconds=0) for candidate in again] == [
        replace(candidate, fit_seconds=0) for candidate in four_types
    ]


def test_each_candidate_is_reported_once_as_it_is_done():
    done: list[str] = []
    study_segmentations(
        {"full": spots(6 * np.eye(4))}, SMALL, AcceptanceThresholds(), progress=done.append
    )
    assert done == [recipe.candidate_id for recipe in list_recipes(SMALL, "full")]


def test_fewer_people_than_segments_are_refused():
    with pytest.raises(ValueError, match="5 segments needs as many people, got 4"):
        study_segmentations({"full": {"a": np.arange(4.0)}}, SMALL, AcceptanceThresholds())


def test_at_its_bounds_a_candidate_passes():
    assert find_refusals(PASSING, AcceptanceThresholds()) == []
    assert PASSING.verdict == "passed"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"silhouette": 0.2499}, "silhouette 0.250, at least 0.25"),
        ({"silhouette": None}, "silhouette unknown, at least 0.25"),
        ({"seed_agreement": 0.94}, "agreement between seeds 0.940, at least 0.95"),
        ({"segments": (StudiedSegment(0.9, 0.9), StudiedSegment(0.1, 0.55))},
         "lowest Jaccard index 0.550, at least 0.60"),
        ({"segments": (StudiedSegment(0.99, 0.9), StudiedSegment(0.01, 0.9))},
         "smallest share 0.010, at least 0.02"),
        ({"closest_feature_agreement": 0.51}, "bins of paid_amount (agreement 0.51, at most 0.50)"),
        ({"distinct_feature_count": 2}, "segments differ on 2 features, at least 3"),
    ],
)  # fmt: skip
def test_each_bound_refuses_alone_and_says_the_figure(change, refusal):
    assert find_refusals(replace(PASSING, **change), AcceptanceThresholds()) == [refusal]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=8))
def test_ranks_go_down_with_the_silhouette_and_leave_out_the_refused(figures):
    candidates = [
        replace(
            PASSING,
            recipe=Recipe("full", "kmeans", {"segment_count": number}),
            silhouette=silhouette,
            refusals=() if passes else ("no",),
        )
        for number, (silhouette, passes) in enumerate(figures)
    ]
    ranked = rank_candidates(candidates)
    passed = [candidate for candidate in ranked if not candidate.refusals]
    assert sorted(candidate.passed_rank for candidate in passed) == list(range(1, len(passed) + 1))
    in_order = sorted(passed, key=lambda candidate: candidate.passed_rank)
    assert [candidate.silhouette for candidate in in_order] == sorted(
        (candidate.silhouette for candidate in passed), reverse=True
    )
    assert all(candidate.passed_rank is None for candidate in ranked if candidate.refusals)
    (best,) = [candidate for candidate in ranked if candidate.is_best_of_family]
    assert best.passed_rank == (1 if passed else None)


def test_where_none_passes_the_best_of_a_family_fails_least():
    worse = replace(PASSING, silhouette=0.9, refusals=("a", "b"))
    better = replace(
        PASSING, recipe=Recipe("full", "kmeans", {"segment_count": 3}), refusals=("a",)
    )
    assert [candidate.is_best_of_family for candidate in rank_candidates([worse, better])] == [
        False,
        True,
    ]

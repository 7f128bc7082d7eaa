"""A study is kept whole, and says which recipe is the best."""

from dataclasses import replace
from datetime import date

import duckdb
import pytest
from candidates import PASSING
from stored_models import JANUARY, JUNE, MARCH, segmentation

from ml.figures import Metric
from ml.registry import Decision, decide_statuses
from ml.segmentation.candidates import QUICK_STUDY, Recipe, StudiedSegment
from ml.statements import count_rows
from ml.store.champions import read_candidates, write_decisions
from ml.store.features import read_stability_dates
from ml.store.models import write_model
from ml.store.studies import read_best_recipe, read_study_id, write_stability, write_study

STUDIED = replace(
    PASSING,
    segments=(StudiedSegment(0.75, 0.9), StudiedSegment(0.25, 0.8)),
    silhouette=0.5,
    passed_rank=1,
    is_best_of_family=True,
)
SECOND = replace(
    STUDIED,
    recipe=Recipe("full", "kmeans", {"segment_count": 3}),
    silhouette=0.4,
    passed_rank=2,
    is_best_of_family=False,
)
REFUSED = replace(
    STUDIED,
    recipe=Recipe("full", "gmm", {"covariance_type": "diag", "component_count": 2}),
    silhouette=0.9,
    refusals=("bins of paid_amount (agreement 0.91, at most 0.50)", "too few"),
    passed_rank=None,
)


def keep_study(warehouse, *candidates, study_id="a"):
    write_study(warehouse, study_id, JUNE, QUICK_STUDY, candidates, 90)


def champion_of(warehouse, candidate_id, as_of_date=JUNE):
    """A champion that was fitted by a recipe."""
    model = replace(
        segmentation("kmeans", "passed"),
        as_of_date=as_of_date,
        settings={"candidate_id": candidate_id},
    )
    write_model(warehouse, model)
    write_decisions(warehouse, [Decision(model.model_id, "champion", "")])


def test_a_study_replaces_the_former_one(warehouse):
    assert read_study_id(warehouse) is None
    keep_study(warehouse, STUDIED, REFUSED)
    keep_study(warehouse, SECOND, study_id="b")
    assert read_study_id(warehouse) == "b"
    rows = warehouse.execute(
        """
        select candidate_id, family, settings, sample_count, seed_count, segment_count,
            smallest_share, lowest_jaccard, is_passed, verdict, passed_rank, fit_seconds
        from ml.segmentation_candidates
        """
    ).fetchall()
    assert rows == [
        ("full-kmeans-3", "kmeans", '{"segment_count": 3}', 90, 5, 2, 0.25, 0.8, True, "passed", 2,
         0.1)
    ]  # fmt: skip
    segments = warehouse.execute("from ml.segmentation_candidate_segments order by 2").fetchall()
    assert segments == [("full-kmeans-3", 0, 0.75, 0.9), ("full-kmeans-3", 1, 0.25, 0.8)]


def test_a_study_is_written_whole_or_not_at_all(warehouse):
    keep_study(warehouse, STUDIED)
    with pytest.raises(duckdb.ConstraintException, match="noise_share"):
        keep_study(warehouse, replace(SECOND, noise_share=None), study_id="b")
    assert read_study_id(warehouse) == "a"
    assert count_rows(warehouse, "ml.segmentation_candidate_segments") == 2


def test_the_best_recipe_of_a_family_is_read_whether_it_passed_or_not(warehouse):
    keep_study(warehouse, SECOND, REFUSED, STUDIED)
    first = read_best_recipe(warehouse)
    assert (first.candidate_id, first.family) == ("full-kmeans-2", "kmeans")
    assert first.settings == {"segment_count": 2}
    for name, value in (("lowest_jaccard", 0.8), ("candidate_count", 3), ("passed_count", 2)):
        assert Metric("study", name, value) in first.metrics
    assert (first.study_id, first.verdict) == ("a", "passed")
    assert first.evidence.startswith("rank 1 of 2 that passed, of 3 candidates; ")
    assert first.evidence.endswith("next best: full-kmeans-3 (0.4000)")
    mixture = read_best_recipe(warehouse, "gmm")
    assert mixture.settings == {"covariance_type": "diag", "component_count": 2}
    assert mixture.verdict == "bins of paid_amount (agreement 0.91, at most 0.50); too few"
    assert read_best_recipe(warehouse, "ward") is None


def test_the_champions_recipe_stays_unless_another_is_well_ahead(warehouse):
    """Silhouettes of 0.5 and 0.4."""
    keep_study(warehouse, STUDIED, SECOND)
    champion_of(warehouse, "full-kmeans-3")
    assert read_best_recipe(warehouse).candidate_id == "full-kmeans-2"
    kept = read_best_recipe(warehouse, min_gain=0.11)
    assert (kept.candidate_id, kept.verdict) == ("full-kmeans-3", "passed")
    assert kept.evidence.startswith("rank 2 of 2 that passed")
    assert kept.evidence.endswith(
        "; it stays champion, since full-kmeans-2 (0.5000) is less than 0.11 ahead"
    )
    assert read_best_recipe(warehouse, "kmeans", min_gain=0.11) == kept


@pytest.mark.parametrize(
    ("second", "champions_date"),
    [
        (replace(SECOND, passed_rank=None, refusals=("too few",)), JANUARY),
        (SECOND, date(2018, 7, 1)),
    ],
    ids=["it passes no more", "it is of a later date than the study"],
)
def test_a_champion_that_is_none_any_more_keeps_no_place(warehouse, second, champions_date):
    keep_study(warehouse, STUDIED, second)
    champion_of(warehouse, "full-kmeans-3", champions_date)
    assert read_best_recipe(warehouse, min_gain=9.0).candidate_id == "full-kmeans-2"


def test_a_family_that_is_hardly_better_than_the_champions_is_refused_for_that(warehouse):
    mixture = replace(REFUSED, refusals=(), passed_rank=1)
    keep_study(warehouse, replace(STUDIED, passed_rank=2), mixture)
    assert read_best_recipe(warehouse, min_gain=0.5).family == "gmm"
    champion_of(warehouse, "full-kmeans-2")
    assert read_best_recipe(warehouse, min_gain=0.5).family == "kmeans"
    verdict = read_best_recipe(warehouse, "gmm", min_gain=0.5).verdict
    assert verdict == "passed, but less than 0.5 ahead of the champion's recipe full-kmeans-2"
    assert read_best_recipe(warehouse, "gmm", min_gain=0.3).verdict == "passed"


def test_another_study_changes_nothing_about_a_champion(warehouse):
    """Its verdict stands with it, so a study whose fits failed, or one of another date, is mute."""
    kmeans = segmentation("kmeans", "passed")
    write_model(warehouse, kmeans)
    keep_study(warehouse, REFUSED)
    (decision,) = decide_statuses(read_candidates(warehouse))
    assert decision.status == "champion"


def test_the_stability_series_is_replaced_whole(warehouse):
    warehouse.execute(
        "alter table features.as_of_dates add column is_stability_date boolean default true"
    )
    assert read_stability_dates(warehouse) == [JANUARY, MARCH, JUNE]
    assert read_stability_dates(warehouse, 2) == [JANUARY, MARCH]  # in June there is one
    row = {
        "feature_set": "full", "family": "kmeans", "segment_count": 2, "frozen_date": JANUARY,
        "as_of_date": MARCH, "customer_count": 2, "agreement": 0.9, "lower_bound": 0.8,
        "upper_bound": 1.0, "total_agreement": 0.7, "same_border_agreement": 0.75,
        "same_border_lower_bound": 0.7, "same_border_upper_bound": 0.8, "reassigned_share": 0.05,
    }  # fmt: skip
    write_stability(warehouse, [row, {**row, "as_of_date": JUNE}])
    write_stability(warehouse, [row])
    assert warehouse.execute("from ml.segment_stability").fetchall() == [tuple(row.values())]
    write_stability(warehouse, [])
    assert count_rows(warehouse, "ml.segment_stability") == 0

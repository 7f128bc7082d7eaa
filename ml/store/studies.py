"""Studies of segmentations, their stability, and the leak meter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from ml.families.catalog import families_of
from ml.figures import Metric
from ml.purposes import SEGMENTATION
from ml.segmentation.candidates import BestRecipe, StudiedCandidate, StudySettings
from ml.statements import transaction
from ml.store.connection import (
    explained,
    fetch,
    replace_rows,
)

if TYPE_CHECKING:
    from ml.churn.leak_meter import LeakFigure


# Columns of ml.segmentation_candidates that are called as the attribute that they hold.
_COPIED = (
    "noise_share", "silhouette", "calinski_harabasz", "davies_bouldin", "bic", "aic", "inertia",
    "seed_agreement", "resample_agreement", "closest_feature_name", "closest_feature_agreement",
    "distinct_feature_count", "can_be_champion", "passed_rank", "is_best_of_family", "fit_seconds",
)  # fmt: skip


_EVIDENCE = """
    format(
        'rank {} of {} that passed, of {} candidates; agreement between seeds {:.2f}, '
        'lowest Jaccard index {:.2f}, smallest share {:.3f}, agreement with bins of {} {:.2f}; '
        'next best: {}',
        candidates.passed_rank,
        (select count(passed_rank) from ml.segmentation_candidates),
        (select count(*) from ml.segmentation_candidates),
        candidates.seed_agreement, candidates.lowest_jaccard, candidates.smallest_share,
        candidates.closest_feature_name, candidates.closest_feature_agreement,
        coalesce(following.candidate_id || format(' ({:.4f})', following.silhouette), 'none')
    ) || case
        when candidates.is_kept and candidates.passed_rank > 1 then format(
            '; it stays champion, since {} ({:.4f}) is less than {} ahead',
            best.candidate_id, best.silhouette, $min_gain
        )
        else ''
    end
"""


# What the study says; of the best of each family, and of the present champion's recipe, which stays
# (is_kept) if it passed and the best is not min_gain ahead of it. A champion of a later
# date than the study was none as of it.
_CHOICES = f"""
    with champions as (
        select json_extract_string(settings, '$.candidate_id') as candidate_id, as_of_date
        from ml.model_registry where purpose = '{SEGMENTATION.name}' and status = 'champion'
    ),
    best as (from ml.segmentation_candidates where passed_rank = 1),
    candidates as (
        select candidates.*,
            coalesce(
                champions.candidate_id is not null
                and candidates.silhouette > best.silhouette - $min_gain,
                false
            ) as is_kept
        from ml.segmentation_candidates as candidates
        left join best on candidates.passed_rank is not null
        left join champions
            on candidates.candidate_id = champions.candidate_id
            and candidates.as_of_date >= champions.as_of_date
    )
"""


def read_study_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The study that is kept, if there is one."""
    rows = fetch(connection, "select distinct study_id from ml.segmentation_candidates")
    return str(rows[0]["study_id"]) if rows else None


def write_study(
    connection: duckdb.DuckDBPyConnection,
    study_id: str,
    as_of_date: date,
    settings: StudySettings,
    candidates: Sequence[StudiedCandidate],
    sample_count: int,
) -> None:
    """Replace the study that is kept, in one transaction.

    Args:
        connection: an open warehouse.
        study_id: digest of all that it depends on.
        as_of_date: no fact from this day on was seen.
        settings: how large it was.
        candidates: what it found.
        sample_count: people that it saw.
    """
    rows = [
        {
            "study_id": study_id,
            "candidate_id": candidate.recipe.candidate_id,
            "as_of_date": as_of_date,
            "feature_set": candidate.recipe.feature_set,
            "family": candidate.recipe.family,
            "covariance_type": candidate.recipe.settings.get("covariance_type"),
            "settings": json.dumps(dict(candidate.recipe.settings)),
            "sample_count": sample_count,
            "seed_count": settings.seed_count,
            "resample_count": settings.resample_count,
            "segment_count": len(candidate.segments),
            "lowest_jaccard": candidate.lowest_jaccard,
            "smallest_share": candidate.smallest_share,
            "is_passed": not candidate.refusals,
            "verdict": candidate.verdict,
            **{name: getattr(candidate, name) for name in _COPIED},
        }
        for candidate in candidates
    ]
    segments = [
        {
            "candidate_id": candidate.recipe.candidate_id,
            "segment_id": number,
            "customer_share": segment.customer_share,
            "jaccard": segment.jaccard,
        }
        for candidate in candidates
        for number, segment in enumerate(candidate.segments)
    ]
    with explained(), transaction(connection):
        replace_rows(connection, "ml.segmentation_candidates", rows)
        replace_rows(connection, "ml.segmentation_candidate_segments", segments)


def read_best_recipe(
    connection: duckdb.DuckDBPyConnection,
    family: str | None = None,
    *,
    min_gain: float | None = None,
) -> BestRecipe | None:
    """What the study chose for a family, whether it passed or not.

    Args:
        connection: an open warehouse.
        family: as in the catalog; the one that is first of all if not given.
        min_gain: of :class:`ml.segmentation.choice.AcceptanceThresholds`; the present champion's
            recipe stays where it passed and the best is not so far ahead of it. Its value if not
            given.

    Returns:
        None where the study has no candidate of the family, as of too few people.
    """
    if min_gain is None:
        from ml.segmentation.choice import AcceptanceThresholds

        min_gain = AcceptanceThresholds.min_gain
    names = ("silhouette", "seed_agreement", "resample_agreement", "lowest_jaccard",
             "smallest_share", "closest_feature_agreement")  # fmt: skip
    figures = ", ".join(f"candidates.{name}" for name in names)
    rows = fetch(
        connection,
        f"""
        {_CHOICES}
        select candidates.candidate_id, candidates.family, candidates.settings,
            candidates.study_id,
            case
                when candidates.passed_rank < kept.passed_rank then format(
                    'passed, but less than {{}} ahead of the champion''s recipe {{}}',
                    $min_gain, kept.candidate_id
                )
                else candidates.verdict
            end as verdict,
            coalesce({_EVIDENCE}, '') as evidence,
            (select count(*) from candidates) as candidate_count,
            (select count(passed_rank) from candidates) as passed_count,
            {figures}
        from candidates
        left join candidates as following
            on candidates.passed_rank + 1 = following.passed_rank
        left join candidates as kept on kept.is_kept
        left join best on true
        where (candidates.is_kept or candidates.is_best_of_family)
            and candidates.family = coalesce($family, candidates.family)
        order by candidates.is_kept desc, candidates.passed_rank nulls last,
            array_position($families, candidates.family), candidates.family
        limit 1
        """,
        {
            "family": family,
            "min_gain": min_gain,
            "families": [family.name for family in families_of(SEGMENTATION)],
        },
    )
    if not rows:
        return None
    (row,) = rows
    return BestRecipe(
        candidate_id=row["candidate_id"],
        family=row["family"],
        settings=json.loads(row["settings"]),
        study_id=row["study_id"],
        verdict=row["verdict"],
        evidence=row["evidence"],
        metrics=[
            Metric("study", name, float(row[name]))
            for name in ("candidate_count", "passed_count", *names)
            if row[name] is not None
        ],
    )


def write_stability(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, object]]
) -> None:
    """Replace the stability series, in one transaction; columns by name."""
    with explained(), transaction(connection):
        replace_rows(connection, "ml.segment_stability", rows)


def write_leak_meter(
    connection: duckdb.DuckDBPyConnection, as_of_date: date, figures: Sequence[LeakFigure]
) -> None:
    """Replace what common mistakes would have claimed, in one transaction."""
    rows = [{"as_of_date": as_of_date, **asdict(figure)} for figure in figures]
    with explained(), transaction(connection):
        replace_rows(connection, "ml.leak_meter", rows)

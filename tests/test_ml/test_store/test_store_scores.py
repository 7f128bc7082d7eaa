"""Scores that the library wrote are those of live models, and stay for a roll-back."""

from dataclasses import replace
from datetime import date

import numpy as np
from stored_models import JANUARY, JUDGED, JUNE, MARCH

from ml.registry import Decision
from ml.store.champions import write_decisions
from ml.store.models import write_model
from ml.store.scores import LibraryModel, read_models_scored_by_library, write_library_scores


def test_the_library_scores_live_models_of_the_time_that_are_too_large_for_sql(warehouse):
    forest = replace(JUDGED, family="random_forest", scored_by="library")
    retired = replace(forest, settings={"seed": 2})
    later = replace(forest, as_of_date=date(2018, 6, 2))
    for model in (JUDGED, forest, retired, later):
        write_model(warehouse, model)
    write_decisions(warehouse, [Decision(retired.model_id, "retired", "")])
    expected = [LibraryModel(forest.model_id, "random_forest")]
    assert read_models_scored_by_library(warehouse, JUNE) == expected
    assert read_models_scored_by_library(warehouse, JANUARY) == []


def test_scores_replace_those_of_the_same_model_and_date_only(warehouse):
    """In January ann and zoe were known; rows are by customer id."""
    write_library_scores(warehouse, JANUARY, {"a": np.array([0.1, 0.2]), "b": np.array([0.3, 0.4])})
    write_library_scores(warehouse, MARCH, {"a": np.array([0.5, 0.6])})
    write_library_scores(warehouse, JANUARY, {"a": np.array([0.7, 0.8])})
    rows = warehouse.execute(
        "select model_id, as_of_date, customer_id, score from ml.library_scores order by all"
    ).fetchall()
    assert rows == [
        ("a", JANUARY, "ann", 0.7), ("a", JANUARY, "zoe", 0.8),
        ("a", MARCH, "ann", 0.5), ("a", MARCH, "bob", 0.6),
        ("b", JANUARY, "ann", 0.3), ("b", JANUARY, "zoe", 0.4),
    ]  # fmt: skip

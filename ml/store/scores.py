"""Scores of models that are too large for SQL, which the library wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np

from ml.features import FloatArray
from ml.statements import transaction
from ml.store.connection import (
    explained,
    fetch,
)


@dataclass(frozen=True)
class LibraryModel:
    """A live model that the library scores.

    Attributes:
        model_id: key of the registry.
        family: its kind.
    """

    model_id: str
    family: str


def read_models_scored_by_library(
    connection: duckdb.DuckDBPyConnection, as_of_date: date
) -> list[LibraryModel]:
    """Live models that are too large for SQL, as of a date, by id."""
    rows = fetch(
        connection,
        """
        select model_id, family from ml.model_registry
        where status in ('champion', 'challenger') and as_of_date <= ?
            and scored_by = 'library'
        order by model_id
        """,
        [as_of_date],
    )
    return [LibraryModel(**row) for row in rows]


def write_library_scores(
    connection: duckdb.DuckDBPyConnection,
    as_of_date: date,
    scores: Mapping[str, FloatArray],
) -> None:
    """Replace scores of models that are too large for SQL, in one transaction.

    Those of other models and dates stay, so that a roll-back finds them.

    Args:
        connection: an open warehouse.
        as_of_date: of the features that were scored.
        scores: model id to what it predicts of each person, in the order of
            :func:`read_features`.
    """
    import pyarrow as pa

    with explained(), transaction(connection):
        for model_id, score in scores.items():
            connection.execute(
                "delete from ml.library_scores where model_id = ? and as_of_date = ?",
                [model_id, as_of_date],
            )
            connection.register(
                "scores_to_insert",
                pa.table({"row_number": np.arange(1, len(score) + 1), "score": score}),
            )
            connection.execute(
                """
                insert into ml.library_scores by name
                select ? as model_id, ? as as_of_date, people.customer_id,
                    scores_to_insert.score
                from (
                    select customer_id, row_number() over (order by customer_id) as row_number
                    from features.customer_feature_snapshots where as_of_date = ?
                ) as people
                inner join scores_to_insert on people.row_number = scores_to_insert.row_number
                """,
                [model_id, as_of_date, as_of_date],
            )
            connection.unregister("scores_to_insert")

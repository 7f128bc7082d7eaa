"""The families and purposes of models as rows, from which SQL learns of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from ml.families.catalog import FAMILIES
from ml.purposes import PURPOSES
from ml.statements import transaction

# The columns of each table.
_TABLES = {
    "model_purposes": """
        purpose varchar not null, label varchar not null, predicts varchar not null, unit varchar,
        deciding_split varchar not null, deciding_metric varchar not null,
        is_higher_better boolean not null, test_metric varchar
    """,
    "model_families": """
        family varchar not null, purpose varchar not null, family_name varchar not null,
        scoring_model varchar, is_interpretable boolean not null, is_baseline boolean not null
    """,
}


def list_catalog() -> Mapping[str, Sequence[tuple[object, ...]]]:
    """The rows of both tables, each in the order of its columns."""
    return {
        "model_purposes": [
            (
                purpose.name,
                purpose.label,
                purpose.predicts,
                purpose.unit or None,
                purpose.deciding_metric.split,
                purpose.deciding_metric.name,
                purpose.deciding_metric.is_higher_better,
                purpose.test_metric.name if purpose.test_metric else None,
            )
            for purpose in PURPOSES.values()
        ],
        "model_families": [
            (
                family.name,
                family.purpose.name,
                family.reader_name,
                family.scored_by or None,
                family.is_interpretable,
                family.is_baseline,
            )
            for family in FAMILIES.values()
        ],
    }


def write_catalog(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the warehouse know the families and purposes of this installation.

    Nothing is written where its rows are the same already.
    """
    with transaction(connection):
        connection.execute("create schema if not exists ml")
        for table, rows in list_catalog().items():
            connection.execute(f"create table if not exists ml.{table} ({_TABLES[table]})")
            if connection.execute(f"select * from ml.{table} order by rowid").fetchall() == rows:
                continue
            connection.execute(f"create or replace table ml.{table} ({_TABLES[table]})")
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into ml.{table} values ({places})", rows)

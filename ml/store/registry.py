"""What the registry says of each model, row by row."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import duckdb

from ml.figures import Metric
from ml.registry import PASSED, ScoredBy
from ml.store.connection import StoreError, fetch

# From this ratio of difflib on, one id is taken for a slip in typing another.
LIKENESS = 0.75


# Fewer signs are no beginning of an id that anybody meant.
SHORTEST_BEGINNING = 3


@dataclass(frozen=True)
class RegistryRow:
    """What the warehouse says of one model.

    Attributes:
        model_id: key of the registry.
        purpose: what it is for.
        family: its kind.
        status: champion, challenger, retired or not_eligible.
        as_of_date: what it was fitted as of.
        trained_at: when it was fitted last, UTC.
        row_count: training rows.
        feature_count: features used.
        settings: what the fit was told, and the dates that it saw.
        code_version: of Regulars.
        status_reason: why it has its status.
        verdict: ``passed`` if it can be champion, else why it cannot.
        evidence: what the registry adds to the reason if it is champion.
        test_date: as of which it was judged; none if on no later period.
        label_window_days: of the labels that it was judged by; none if by none.
        scored_by: ``sql`` or ``library``; none of a row that is no model.
        parameter_count: rows of parameters.
        metrics: how good it is.
    """

    model_id: str
    purpose: str
    family: str
    status: str
    as_of_date: date
    trained_at: datetime
    row_count: int
    feature_count: int
    settings: Mapping[str, Any]
    code_version: str
    status_reason: str
    verdict: str
    evidence: str
    test_date: date | None
    label_window_days: int | None
    scored_by: ScoredBy | None
    parameter_count: int
    metrics: Sequence[Metric] = ()

    @property
    def is_passed(self) -> bool:
        """Whether it can be champion."""
        return self.verdict == PASSED

    def find_metric(self, split: str, metric_name: str) -> Metric | None:
        """One figure, if it is known."""
        key = (split, metric_name)
        metrics = [metric for metric in self.metrics if (metric.split, metric.metric_name) == key]
        return metrics[0] if metrics else None


METRIC_COLUMNS = tuple(field.name for field in fields(Metric))
# Columns of ml.model_registry; the other attributes of a row are of other tables.
REGISTRY_COLUMNS = tuple(
    field.name for field in fields(RegistryRow) if field.name not in ("parameter_count", "metrics")
)


def has_registry(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is a registry of models, which a load alone does not make."""
    rows = fetch(
        connection,
        "select 1 from information_schema.tables where table_catalog = current_database() "
        "and table_schema = 'ml' and table_name = 'model_registry'",
    )
    return bool(rows)


def require_registry_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a registry of an earlier version before anything is made of it.

    dbt adds what it lacks when a run starts (`add_registry_columns`); a warehouse without a
    registry is no older one.

    Raises:
        StoreError: columns are missing.
    """
    rows = fetch(
        connection,
        "select column_name from information_schema.columns where table_catalog = "
        "current_database() and table_schema = 'ml' and table_name = 'model_registry'",
    )
    present = {row["column_name"] for row in rows}
    missing = [name for name in REGISTRY_COLUMNS if name not in present]
    if present and missing:
        raise StoreError(
            f"ml.model_registry was made by an earlier version, without {', '.join(missing)}; run "
            "`regulars build` or `dbt run`, which add them and keep every model and champion"
        )


def read_models(
    connection: duckdb.DuckDBPyConnection, purpose: str | None = None
) -> list[RegistryRow]:
    """Every row of the registry: by purpose, champions first, then the latest fits first.

    Args:
        connection: an open warehouse.
        purpose: only these.

    Raises:
        StoreError: the warehouse has no registry, or one of an earlier version.
    """
    require_registry_columns(connection)
    metrics: dict[str, list[Metric]] = {}
    for row in fetch(
        connection,
        f"select model_id, {', '.join(METRIC_COLUMNS)} from ml.model_metrics "
        "order by model_id, split, metric_name",
    ):
        metrics.setdefault(row.pop("model_id"), []).append(Metric(**row))
    rows = fetch(
        connection,
        f"""
        select {", ".join(f"registry.{name}" for name in REGISTRY_COLUMNS)},
            (
                select count(*) from ml.model_parameters as parameters
                where parameters.model_id = registry.model_id
            ) as parameter_count
        from ml.model_registry as registry
        where registry.purpose = coalesce(?, registry.purpose)
        order by registry.purpose, array_position(
            ['champion', 'challenger', 'retired', 'not_eligible'], registry.status
        ), registry.trained_at desc, registry.model_id
        """,
        [purpose],
    )
    return [
        RegistryRow(
            **{**row, "settings": json.loads(row["settings"])},
            metrics=metrics.get(row["model_id"], []),
        )
        for row in rows
    ]


def read_model(connection: duckdb.DuckDBPyConnection, model_id: str) -> RegistryRow:
    """What the warehouse says of one model.

    Raises:
        StoreError: there is no such model; the most similar id is named.
    """
    models = {model.model_id: model for model in read_models(connection)}
    if model_id not in models:
        raise StoreError(
            f"ml.model_registry has no model {model_id!r}{_meant(model_id, list(models))} "
            "`regulars models list` shows what there is"
        )
    return models[model_id]


def _meant(typed_id: str, model_ids: Sequence[str]) -> str:
    """The id that was meant, if one is close enough: a beginning of it, or all but a slip."""
    if not model_ids:
        return ", which is empty;"
    is_beginning = len(typed_id) >= SHORTEST_BEGINNING
    begun = [model_id for model_id in model_ids if is_beginning and model_id.startswith(typed_id)]
    near = begun if len(begun) == 1 else difflib.get_close_matches(typed_id, model_ids, 1, LIKENESS)
    return f"; did you mean {near[0]}?" if near else ";"

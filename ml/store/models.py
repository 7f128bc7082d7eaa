"""Models as fits write them and as others continue them: registry row, parameters, figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import duckdb

from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.purposes import SEGMENTATION
from ml.registry import FittedModel, StoredModel
from ml.statements import transaction
from ml.store.connection import (
    StoreError,
    explained,
    fetch,
    insert_row,
    insert_rows,
    utc_now,
)


def write_model(connection: duckdb.DuckDBPyConnection, model: FittedModel) -> str:
    """Write a fit's registry row, parameters and metrics in one transaction, as challenger.

    A fit that is already there (the same settings and parameters have the same id) keeps its rows
    and gets the metrics of this time; if it had been retired or not eligible it is a challenger
    again, though one that was rolled back by hand is refused. That nothing could be fitted as of
    its date is forgotten.

    Returns:
        The model's id.

    Raises:
        StoreError: the warehouse has no model tables.
    """
    import pyarrow as pa

    model_id = model.model_id
    # What may differ from the last time that the same was fitted.
    renewed: dict[str, object] = {
        "trained_at": utc_now(),
        "settings": json.dumps(model.settings, sort_keys=True, default=str),
        "code_version": model.code_version,
        "verdict": model.verdict,
        "evidence": model.evidence,
        "test_date": model.test_date,
        "label_window_days": model.label_window_days,
        "scored_by": model.scored_by,
    }
    with explained(), transaction(connection):
        forget_not_eligible(connection, model.purpose, model.as_of_date)
        former_rows = fetch(
            connection, "select status from ml.model_registry where model_id = ?", [model_id]
        )
        if former_rows:
            connection.execute(
                f"""
                update ml.model_registry
                set {", ".join(f"{name} = ${name}" for name in renewed)},
                    status = case when status in ('retired', 'not_eligible')
                        then 'challenger' else status end,
                    status_reason = case when status in ('retired', 'not_eligible')
                        then 'fitted again' else status_reason end
                where model_id = $model_id
                """,
                {**renewed, "model_id": model_id},
            )
            for table in ("model_metrics", "baseline_metrics", "model_curves"):
                connection.execute(f"delete from ml.{table} where model_id = ?", [model_id])
            _insert_evidence(connection, model_id, model)
            return model_id
        insert_row(
            connection,
            "ml.model_registry",
            {
                "model_id": model_id,
                "purpose": model.purpose,
                "family": model.family,
                "status": "challenger",
                "as_of_date": model.as_of_date,
                "row_count": model.row_count,
                "feature_count": model.feature_count,
                "status_reason": "newly fitted",
                **renewed,
            },
        )
        insert_rows(
            connection,
            "ml.model_parameters",
            {
                "model_id": [model_id] * len(model.parameters),
                "parameter_name": [row.parameter_name for row in model.parameters],
                "component_id": pa.array(
                    [row.component_id for row in model.parameters], pa.int32()
                ),
                "feature_name": pa.array(
                    [row.feature_name for row in model.parameters], pa.string()
                ),
                "paired_feature_name": pa.array(
                    [row.paired_feature_name for row in model.parameters], pa.string()
                ),
                "value": pa.array([row.value for row in model.parameters], pa.float64()),
            },
        )
        _insert_evidence(connection, model_id, model)
    return model_id


def read_parameters(connection: duckdb.DuckDBPyConnection, model_id: str) -> list[ParameterRow]:
    """A model's parameter rows, for ``from_rows``.

    Raises:
        StoreError: there is no such model.
    """
    rows = fetch(
        connection,
        """
        select parameter_name, value, component_id, feature_name, paired_feature_name
        from ml.model_parameters where model_id = ?
        """,
        [model_id],
    )
    if not rows:
        raise StoreError(
            f"ml.model_parameters has no model {model_id!r}; `select model_id from "
            "ml.model_registry` lists what there is"
        )
    return [ParameterRow(**row) for row in rows]


def read_former_models(
    connection: duckdb.DuckDBPyConnection, purpose: str, family: str, as_of_date: date
) -> list[StoredModel]:
    """The models that a new fit continues, the nearest first.

    A fit of the same family as of the same date stands for itself, whatever became of it, so that
    going back to a date gives what it gave. Else the champion comes first, then what else is live,
    the same family first. What was fitted as of a later date is no predecessor; neither is a model
    with a feature that the snapshots no longer have.

    Args:
        connection: an open warehouse.
        purpose: of both.
        family: of the new fit.
        as_of_date: of the new fit.
    """
    rows = fetch(
        connection,
        """
        select family, model_id, as_of_date = ? and family = ? as is_same_fit
        from ml.model_registry
        where purpose = ? and as_of_date <= ?
            and (status in ('champion', 'challenger') or (as_of_date = ? and family = ?))
            and model_id not in (
                select model_id from ml.model_parameters
                where feature_name not in (
                    select column_name from information_schema.columns
                    where table_schema = 'features' and table_name = 'customer_feature_snapshots'
                )
            )
        order by is_same_fit desc, status = 'champion' desc, family = ? desc, trained_at desc,
            model_id
        """,
        [as_of_date, family, purpose, as_of_date, as_of_date, family, family],
    )
    if rows and rows[0]["is_same_fit"]:
        rows = rows[:1]
    return [_with_parameters(connection, row) for row in rows]


def read_next_segment_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The lowest number that no segment of any segmentation has ever had."""
    (row,) = fetch(
        connection,
        """
        select coalesce(max(component_id) + 1, 0) as segment_id from ml.model_parameters
        where model_id in (
            select model_id from ml.model_registry where purpose = ?
        )
        """,
        [SEGMENTATION.name],
    )
    return int(row["segment_id"])


def read_champion_to_judge_again(
    connection: duckdb.DuckDBPyConnection, purpose: str, test_date: date, label_window_days: int
) -> list[StoredModel]:
    """The champion, if a newer test can judge it.

    It can where the model was judged on another date, has the same label window, and the windows
    that it was fitted on ended by the new date.

    Args:
        connection: an open warehouse.
        purpose: of which it is champion.
        test_date: of the test.
        label_window_days: of the labels.
    """
    rows = fetch(
        connection,
        """
        select model_id, family from ml.model_registry
        where purpose = ? and status = 'champion'
            and test_date <> ? and label_window_days = ?
            and list_max(
                cast(json_extract(settings, '$.fitted_dates') as date[])
            ) + cast(? as integer) <= ?
        """,
        [purpose, test_date, label_window_days, label_window_days, test_date],
    )
    return [_with_parameters(connection, row) for row in rows]


def _with_parameters(connection: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> StoredModel:
    """A model of the registry, and its parameters."""
    parameters = read_parameters(connection, row["model_id"])
    return StoredModel(row["model_id"], row["family"], parameters)


def write_retest(
    connection: duckdb.DuckDBPyConnection,
    model_id: str,
    test_date: date,
    metric_name: str,
    value: float,
) -> None:
    """Note how a model does on a later test than its own, in one transaction."""
    metric = Metric(f"retest {test_date}", metric_name, value)
    with explained(), transaction(connection):
        connection.execute(
            "delete from ml.model_metrics where model_id = ? and split = ?",
            [model_id, metric.split],
        )
        insert_rows(connection, "ml.model_metrics", metric_columns(model_id, [metric]))


def _insert_evidence(
    connection: duckdb.DuckDBPyConnection, model_id: str, model: FittedModel
) -> None:
    """How good a model is: its metrics, those of the baselines beside it, and its curves."""
    import pyarrow as pa

    insert_rows(connection, "ml.model_metrics", metric_columns(model_id, model.metrics))
    for table, rows in (
        ("ml.baseline_metrics", [asdict(row) for row in model.baselines]),
        ("ml.model_curves", [asdict(row) for row in model.curves]),
    ):
        if rows:
            columns: dict[str, object] = {
                "model_id": [model_id] * len(rows),
                "split": ["test"] * len(rows),
            }
            for name in rows[0]:
                values = [row[name] for row in rows]
                # A bound may be missing in every row, which alone has no type.
                columns[name] = pa.array(values, pa.float64()) if "_bound" in name else values
            insert_rows(connection, table, columns)


def forget_not_eligible(
    connection: duckdb.DuckDBPyConnection, purpose: str, as_of_date: date
) -> None:
    """Take away that nothing could be fitted for a purpose as of a date."""
    connection.execute(
        "delete from ml.model_registry "
        "where status = 'not_eligible' and family = 'none' and purpose = ? and as_of_date = ?",
        [purpose, as_of_date],
    )


def metric_columns(model_id: str, metrics: Sequence[Metric]) -> dict[str, object]:
    """The columns of ``ml.model_metrics`` for the figures of a model."""
    import pyarrow as pa

    return {
        "model_id": [model_id] * len(metrics),
        "split": [metric.split for metric in metrics],
        "metric_name": [metric.metric_name for metric in metrics],
        "metric_value": pa.array([metric.metric_value for metric in metrics], pa.float64()),
        "lower_bound": pa.array([metric.lower_bound for metric in metrics], pa.float64()),
        "upper_bound": pa.array([metric.upper_bound for metric in metrics], pa.float64()),
        "baseline_name": pa.array([metric.baseline_name for metric in metrics], pa.string()),
        "baseline_value": pa.array([metric.baseline_value for metric in metrics], pa.float64()),
    }

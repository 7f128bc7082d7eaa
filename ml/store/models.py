"""The registry of models, their parameters, figures and scores."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import duckdb

from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.purposes import SEGMENTATION
from ml.registry import FittedModel
from ml.statements import transaction
from ml.store.connection import (
    StoreError,
    explained,
    fetch,
    insert_rows,
    utc_now,
)

# From this ratio of difflib on, one id is taken for a slip in typing another.
LIKENESS = 0.75


# Fewer signs are no beginning of an id that anybody meant.
SHORTEST_BEGINNING = 3


# What a study or the gates said of a model; they say `passed` of one that can be champion.
VERDICT = """
    coalesce(
        json_extract_string(registry.settings, '$.study.verdict'),
        json_extract_string(registry.settings, '$.gates.verdict'),
        case registry.purpose
            when 'segmentation' then 'no study of it is known'
            else 'fitted before churn models were held to gates'
        end
    )
"""


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
        verdict: what a study or the gates say of it; ``passed`` if it can be champion.
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
    parameter_count: int
    metrics: Sequence[Metric] = ()

    def find_metric(self, split: str, metric_name: str) -> Metric | None:
        """One figure, if it is known."""
        wanted = (split, metric_name)
        found = [each for each in self.metrics if (each.split, each.metric_name) == wanted]
        return found[0] if found else None


def has_registry(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is a registry of models, which a load alone does not make."""
    rows = fetch(
        connection,
        "select 1 from information_schema.tables where table_catalog = current_database() "
        "and table_schema = 'ml' and table_name = 'model_registry'",
    )
    return bool(rows)


def read_models(
    connection: duckdb.DuckDBPyConnection, purpose: str | None = None
) -> list[RegistryRow]:
    """Every row of the registry: by purpose, champions first, then the latest fits first.

    Args:
        connection: an open warehouse.
        purpose: only these.
    """
    metrics: dict[str, list[Metric]] = {}
    for model_id, *values in fetch(
        connection, "from ml.model_metrics order by model_id, split, metric_name"
    ):
        metrics.setdefault(model_id, []).append(Metric(*values))
    rows = fetch(
        connection,
        f"""
        select registry.*, {VERDICT} as verdict,
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
        replace(RegistryRow(*row), settings=json.loads(row[8]), metrics=metrics.get(row[0], []))
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


def _meant(asked: str, known: Sequence[str]) -> str:
    """The id that was surely meant, if there is one: a beginning of it, or all but a slip."""
    if not known:
        return ", which is empty;"
    is_beginning = len(asked) >= SHORTEST_BEGINNING
    begun = [model_id for model_id in known if is_beginning and model_id.startswith(asked)]
    near = begun if len(begun) == 1 else difflib.get_close_matches(asked, known, 1, LIKENESS)
    return f"; did you mean {near[0]}?" if near else ";"


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
    settings = json.dumps(model.settings, sort_keys=True, default=str)
    with explained(), transaction(connection):
        forget_not_eligible(connection, model.purpose, model.as_of_date)
        known = fetch(
            connection, "select status from ml.model_registry where model_id = ?", [model_id]
        )
        if known:
            connection.execute(
                """
                update ml.model_registry
                set trained_at = ?,
                    code_version = ?,
                    settings = ?,
                    status = case when status in ('retired', 'not_eligible')
                        then 'challenger' else status end,
                    status_reason = case when status in ('retired', 'not_eligible')
                        then 'fitted again' else status_reason end
                where model_id = ?
                """,
                [utc_now(), model.code_version, settings, model_id],
            )
            for table in ("model_metrics", "baseline_metrics", "model_curves"):
                connection.execute(f"delete from ml.{table} where model_id = ?", [model_id])
            _insert_evidence(connection, model_id, model)
            return model_id
        connection.execute(
            "insert into ml.model_registry values (?, ?, ?, 'challenger', ?, ?, ?, ?, ?, ?, ?)",
            [
                model_id,
                model.purpose,
                model.family,
                model.as_of_date,
                utc_now(),
                model.row_count,
                model.feature_count,
                settings,
                model.code_version,
                "newly fitted",
            ],
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
    return [ParameterRow(*row) for row in rows]


def read_former_models(
    connection: duckdb.DuckDBPyConnection, purpose: str, family: str, as_of_date: date
) -> list[tuple[str, list[ParameterRow]]]:
    """Family and parameters of the models that a new fit continues, the nearest first.

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
    wanted = rows[:1] if rows and rows[0][2] else rows
    return [(former, read_parameters(connection, model_id)) for former, model_id, _ in wanted]


def read_next_segment_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The lowest number that no segment of any segmentation has ever had."""
    ((number,),) = fetch(
        connection,
        """
        select coalesce(max(component_id) + 1, 0) from ml.model_parameters
        where model_id in (
            select model_id from ml.model_registry where purpose = ?
        )
        """,
        [SEGMENTATION.name],
    )
    return int(number)


def read_champion_to_judge_again(
    connection: duckdb.DuckDBPyConnection, purpose: str, test_date: date, label_window_days: int
) -> list[tuple[str, str, list[ParameterRow]]]:
    """The champion, if a newer test can judge it: id, family and parameters, or nothing.

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
            and json_extract_string(settings, '$.test_date') <> cast(? as varchar)
            and json_extract_string(settings, '$.label_window_days') = cast(? as varchar)
            and list_max(
                cast(json_extract(settings, '$.fitted_dates') as date[])
            ) + cast(? as integer) <= ?
        """,
        [purpose, test_date, label_window_days, label_window_days, test_date],
    )
    return [(found, family, read_parameters(connection, found)) for found, family in rows]


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
    """How good a model is: its metrics, those of the rules beside it, and its curves."""
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

"""The only module of this package that reads and writes: matrices out, parameter rows in."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from ml.features import FeatureMatrix, FeatureRule, FloatArray, LabelledMatrix
from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.registry import DECIDING_METRIC, ROLLED_BACK, SUSPECTED, Candidate, Decision, FittedModel

if TYPE_CHECKING:
    # What only fits need takes seconds to import, and `regulars models list` is to take none.
    import pyarrow as pa

    from ml.leak_meter import LeakFigure
    from ml.segmentation import StudiedCandidate, StudySettings
    from ml.splits import ChurnProtocol, OrderHistory


# From this ratio of difflib on, one id is taken for a slip in typing another.
LIKENESS = 0.75
# Fewer signs are no beginning of an id that anybody meant.
SHORTEST_BEGINNING = 3


class StoreError(RuntimeError):
    """The warehouse does not hold what a fit needs."""


def read_feature_rules(connection: duckdb.DuckDBPyConnection, purpose: str) -> list[FeatureRule]:
    """The features of a purpose that the shop's source can supply, by name.

    What it cannot supply is null in every snapshot and left out of the models.

    Args:
        connection: an open warehouse.
        purpose: ``segmentation`` or ``churn``.

    Raises:
        StoreError: the catalog is not there, or names none for this purpose.
    """
    rows = _fetch(
        connection,
        f"""
        select feature_name, transform, null_rule
        from features.supplied_features
        where is_{purpose}_feature
        order by feature_name
        """,
    )
    if not rows:
        raise StoreError(
            f"seeds/feature_catalog.csv marks no feature that the source can supply with "
            f"is_{purpose}_feature; mark at least two and run `dbt build`"
        )
    return [FeatureRule(*row) for row in rows]


def read_as_of_date(connection: duckdb.DuckDBPyConnection) -> date:
    """The as-of date that the features were last built for."""
    ((value,),) = _fetch(connection, "select max(as_of_date) from features.as_of_dates")
    if value is None:
        raise StoreError("features.as_of_dates is empty; run `dbt build` or `regulars build`")
    found: date = value
    return found


def read_complete_dates(
    connection: duckdb.DuckDBPyConnection, label_window_days: int
) -> list[date]:
    """As-of dates whose label windows are complete, ascending."""
    rows = _fetch(
        connection,
        """
        select distinct as_of_date from features.customer_labels
        where is_label_complete and label_window_days = ? order by as_of_date
        """,
        [label_window_days],
    )
    return [day for (day,) in rows]


def read_order_history(connection: duckdb.DuckDBPyConnection) -> OrderHistory:
    """From when to when there are orders, and as of which dates there are labels."""
    from ml.splits import OrderHistory

    ((first_date, end_date),) = _fetch(
        connection, "select first_order_date, end_of_data_date from features.data_range"
    )
    rows = _fetch(
        connection, "select distinct as_of_date from features.customer_labels order by as_of_date"
    )
    return OrderHistory(first_date, end_date, tuple(day for (day,) in rows))


def count_orders(connection: duckdb.DuckDBPyConnection, begin: date, end: date) -> int:
    """Orders from one day on and before another, whether the marts know of them or not."""
    ((count,),) = _fetch(
        connection,
        "select count(*) from canonical.orders where ordered_at >= ? and ordered_at < ?",
        [begin, end],
    )
    return int(count)


def read_label_windows(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Label windows that the warehouse has labels for, in days, ascending."""
    rows = _fetch(
        connection, "select distinct label_window_days from features.customer_labels order by 1"
    )
    return [int(days) for (days,) in rows]


def require_label_window(connection: duckdb.DuckDBPyConnection, days: int) -> int:
    """The label window to learn from, if the warehouse has labels for it.

    Args:
        connection: an open warehouse.
        days: length of the window.

    Raises:
        StoreError: the warehouse has no such labels.
    """
    windows = read_label_windows(connection)
    if days not in windows:
        said = ", ".join(str(window) for window in windows) or "none"
        raise StoreError(
            f"features.customer_labels has no label window of {days} days, it has {said}; add "
            "it to label_window_days in dbt_project.yml and build again, or name another one as "
            "label_window_days of the fit"
        )
    return days


def read_churn_protocol(connection: duckdb.DuckDBPyConnection) -> ChurnProtocol:
    """How churn models are fitted and judged, as dbt_project.yml says.

    Raises:
        StoreError: the features are not built.
    """
    from ml.splits import ChurnProtocol

    stated = ("training_dates", "test_date")
    names = [each.name for each in fields(ChurnProtocol) if each.name not in stated]
    columns = ", ".join([*(f"cast({name} as double)" for name in names), *stated])
    rows = _fetch(connection, f"select {columns} from features.churn_protocol")
    if not rows:
        raise StoreError("features.churn_protocol is empty; run `dbt build` or `regulars build`")
    *numbers, training_dates, test_date = rows[0]
    told = dict(zip(names, numbers, strict=True))
    counts = {name: int(told[name]) for name in names if name.endswith(("_days", "_count"))}
    days = tuple(
        date.fromisoformat(day.strip()) for day in (training_dates or "").split(",") if day
    )
    return ChurnProtocol(**{**told, **counts}, training_dates=days, test_date=test_date)


def read_features(
    connection: duckdb.DuckDBPyConnection,
    feature_names: Sequence[str],
    as_of_date: date,
    *,
    is_shuffled: bool = False,
) -> FeatureMatrix:
    """Everybody's features as of a date.

    Args:
        connection: an open warehouse.
        feature_names: the columns, in this order.
        as_of_date: of the snapshot.
        is_shuffled: rows by a digest of the customer id, an order as good as random in which
            everybody keeps their place when somebody comes; else by the id itself.
    """
    order = "md5(customer_id), customer_id" if is_shuffled else "customer_id"
    columns = ", ".join(f"cast({name} as double) as {name}" for name in feature_names)
    table = _read_table(
        connection,
        f"""
        select {columns} from features.customer_feature_snapshots
        where as_of_date = ? order by {order}
        """,
        [as_of_date],
    )
    return FeatureMatrix(tuple(feature_names), _to_matrix(table))


def read_labelled_features(
    connection: duckdb.DuckDBPyConnection,
    feature_names: Sequence[str],
    as_of_dates: Sequence[date],
    label_window_days: int,
) -> LabelledMatrix:
    """Features and labels as of some dates; only complete label windows are read.

    Raises:
        StoreError: no row has a complete label window, or a complete one has no label.
    """
    columns = ", ".join(f"cast(snapshots.{name} as double) as {name}" for name in feature_names)
    table = _read_table(
        connection,
        f"""
        select {columns}, labels.is_returning,
            dense_rank() over (order by snapshots.customer_id) as person_number
        from features.customer_feature_snapshots as snapshots
        inner join features.customer_labels as labels
            on snapshots.customer_id = labels.customer_id
            and snapshots.as_of_date = labels.as_of_date
        where labels.is_label_complete
            and labels.label_window_days = ?
            and list_contains(?, snapshots.as_of_date)
        order by snapshots.as_of_date, snapshots.customer_id
        """,
        [label_window_days, list(as_of_dates)],
    )
    if table.num_rows == 0:
        raise StoreError(
            f"no label of {label_window_days} days is complete as of "
            f"{', '.join(str(day) for day in as_of_dates)}; choose an earlier date, or load "
            "later orders"
        )
    unlabelled = table.column("is_returning").null_count
    if unlabelled:
        raise StoreError(
            f"features.customer_labels has {unlabelled} complete windows of {label_window_days} "
            "days without is_returning, expected true or false; mend customer_labels"
        )
    labels = table.column("is_returning").to_numpy().astype(bool)
    matrix = _to_matrix(table.select(list(feature_names)))
    people = table.column("person_number").to_numpy().astype(np.int64)
    return LabelledMatrix(FeatureMatrix(tuple(feature_names), matrix), labels, people)


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
    with _explained(), transaction(connection):
        _forget_not_eligible(connection, model.purpose, model.as_of_date)
        known = _fetch(
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
                [_now(), model.code_version, settings, model_id],
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
                _now(),
                model.row_count,
                model.feature_count,
                settings,
                model.code_version,
                "newly fitted",
            ],
        )
        _insert(
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
    rows = _fetch(
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


# Models that were rolled back by hand, and not promoted by hand since.
_ROLLED_BACK = """
    select changes.former_model_id from ml.champion_history as changes
    where changes.action = 'rolled back' and not exists (
        select 1 from ml.champion_history as later
        where later.model_id = changes.former_model_id
            and later.action = 'promoted'
            and later.change_number > changes.change_number
    )
"""
# What a study or the gates said of a model; they say `passed` of one that can be champion.
_VERDICT = """
    coalesce(
        json_extract_string(registry.settings, '$.study.verdict'),
        json_extract_string(registry.settings, '$.gates.verdict'),
        case registry.purpose
            when 'segmentation' then 'no study of it is known'
            else 'fitted before churn models were held to gates'
        end
    )
"""


def read_suspicions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Churn models with a figure too good to be true: why, by model id.

    Judged by the figures in the warehouse and today's bound, whatever was said at the fit: so a
    model of an earlier version, or one fitted under a higher bound, does not slip through.
    """
    tables = _fetch(
        connection,
        "select 1 from information_schema.tables "
        "where table_schema = 'features' and table_name = 'churn_protocol'",
    )
    if not tables:
        return {}
    return dict(
        _fetch(
            connection,
            f"""
            select registry.model_id,
                coalesce(
                    json_extract_string(any_value(registry.settings), '$.gates.suspicion'),
                    format(
                        '{SUSPECTED}: ROC AUC {{:.4f}} of the split {{}}, expected at most {{:g}}',
                        max(metrics.metric_value),
                        max_by(metrics.split, metrics.metric_value),
                        least(
                            any_value(protocol.most_plausible_roc_auc),
                            max(metrics.baseline_value + protocol.most_plausible_roc_auc_gain)
                        )
                    )
                ) as suspicion
            from ml.model_registry as registry
            inner join ml.model_metrics as metrics on registry.model_id = metrics.model_id
            inner join features.churn_protocol as protocol
                on metrics.metric_value > protocol.most_plausible_roc_auc
                or metrics.split = 'test' and metrics.metric_value - metrics.baseline_value
                    > protocol.most_plausible_roc_auc_gain
            where registry.purpose = 'churn' and metrics.metric_name = 'roc_auc'
            group by registry.model_id
            """,
        )
    )


def read_candidates(connection: duckdb.DuckDBPyConnection) -> list[Candidate]:
    """Every live model, and those not eligible, with the figures that decide, oldest first."""
    deciding = " or ".join(
        f"(registry.purpose = '{purpose}' and metrics.split = '{split}' "
        f"and metrics.metric_name = '{metric}')"
        for purpose, (split, metric) in DECIDING_METRIC.items()
    )
    rows = _fetch(
        connection,
        f"""
        select registry.model_id, registry.purpose, registry.family, registry.status,
            registry.as_of_date,
            row_number() over (order by registry.trained_at, registry.model_id) as trained_order,
            coalesce(metrics.metric_value, '-infinity'::double),
            coalesce(nullif({_VERDICT}, 'passed'), '') as refusal,
            '' as suspicion,
            coalesce(
                json_extract_string(registry.settings, '$.study.evidence'),
                json_extract_string(registry.settings, '$.gates.evidence'),
                ''
            ) as evidence,
            json_extract_string(registry.settings, '$.test_date')
                || ' + ' || json_extract_string(registry.settings, '$.label_window_days') || ' days'
                as test_date,
            exists (
                select 1 from ml.champion_history as changes
                where registry.model_id in (changes.model_id, changes.former_model_id)
            ) as was_champion,
            registry.model_id in ({_ROLLED_BACK}) as is_rolled_back
        from ml.model_registry as registry
        left join ml.model_metrics as metrics
            on registry.model_id = metrics.model_id and ({deciding})
        where registry.status in ('champion', 'challenger')
            or (registry.status = 'not_eligible' and registry.family <> 'none')
        order by trained_order
        """,
    )
    tests = _read_test_qualities(connection)
    suspicions = read_suspicions(connection)
    return [
        replace(
            Candidate(*told),
            suspicion=suspicions.get(told[0], ""),
            test_qualities=tests.get(told[0], {}),
            was_champion=was_champion,
            is_rolled_back=is_rolled_back,
        )
        for *told, was_champion, is_rolled_back in rows
    ]


def _read_test_qualities(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, float]]:
    """ROC AUC by model and date of the test: its own, and those of later splits `retest <date>`."""
    rows = _fetch(
        connection,
        """
        select metrics.model_id,
            case metrics.split
                when 'test' then json_extract_string(registry.settings, '$.test_date')
                else replace(metrics.split, 'retest ', '')
            end || ' + ' || json_extract_string(registry.settings, '$.label_window_days') || ' days'
                as test_date,
            metrics.metric_value
        from ml.model_metrics as metrics
        inner join ml.model_registry as registry on metrics.model_id = registry.model_id
        where metrics.metric_name = 'roc_auc' and test_date is not null
            and (metrics.split = 'test' or starts_with(metrics.split, 'retest '))
        """,
    )
    found: dict[str, dict[str, float]] = {}
    for model_id, test_date, value in rows:
        found.setdefault(model_id, {})[test_date] = value
    return found


def write_decisions(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> None:
    """Set the statuses of models, and note whose champion changed, in one transaction."""
    with _explained(), _noting_champions(connection, "chosen"):
        for decision in decisions:
            _set_status(connection, decision)


def write_not_eligible(
    connection: duckdb.DuckDBPyConnection,
    purpose: str,
    as_of_date: date,
    reason: str,
    settings: Mapping[str, object],
    code_version: str,
) -> str:
    """Say in the registry why no model of a purpose could be fitted as of a date.

    Replaces what was said before; a model that is fitted as of that date takes the row away. Models
    that were fitted as of this date or before are retired: what is too little to learn from is too
    little to score by.

    Returns:
        The row's id.
    """
    model_id = f"{purpose}-{as_of_date:%Y%m%d}-not-eligible"
    told = json.dumps(settings, sort_keys=True, default=str)
    with _explained(), _noting_champions(connection, "chosen"):
        _forget_not_eligible(connection, purpose, as_of_date)
        connection.execute(
            """
            update ml.model_registry set status = 'retired', status_reason = ?
            where purpose = ? and as_of_date <= ? and status <> 'retired'
            """,
            [f"not eligible as of {as_of_date}: {reason}", purpose, as_of_date],
        )
        connection.execute(
            "insert into ml.model_registry "
            "values (?, ?, 'none', 'not_eligible', ?, ?, 0, 0, ?, ?, ?)",
            [model_id, purpose, as_of_date, _now(), told, code_version, reason],
        )
    return model_id


def _forget_not_eligible(
    connection: duckdb.DuckDBPyConnection, purpose: str, as_of_date: date
) -> None:
    connection.execute(
        "delete from ml.model_registry "
        "where status = 'not_eligible' and family = 'none' and purpose = ? and as_of_date = ?",
        [purpose, as_of_date],
    )


def promote(connection: duckdb.DuckDBPyConnection, model_id: str, reason: str) -> str | None:
    """Make a model the champion of its purpose, by hand, in one transaction.

    The former champion becomes a challenger. The next fit chooses anew.

    Args:
        connection: an open warehouse.
        model_id: key of the registry.
        reason: why, for the registry and the history.

    Returns:
        The former champion, if there was one.

    Raises:
        StoreError: there is no such model, it is champion already, or it cannot score this build.
    """
    with _explained(), _noting_champions(connection, "promoted"):
        model = read_model(connection, model_id)
        if model.status == "champion":
            raise StoreError(f"{model_id} is the champion of {model.purpose} already")
        _require_scorable(connection, model)
        former = _read_champions(connection).get(model.purpose)
        if former is not None:
            said = f"gave way to {model_id}, promoted by hand"
            _set_status(connection, Decision(former, "challenger", said))
        _set_status(connection, Decision(model_id, "champion", reason))
    return former


def roll_back(connection: duckdb.DuckDBPyConnection, purpose: str) -> tuple[str, str]:
    """Give a purpose its former champion again, by hand, in one transaction.

    The present champion is retired and stays so, whatever is fitted again, until it is promoted by
    hand.

    Args:
        connection: an open warehouse.
        purpose: ``segmentation`` or ``churn``.

    Returns:
        The champion by now, and the one that was rolled back.

    Raises:
        StoreError: there is no champion, or no former one that can score this build.
    """
    with _explained(), _noting_champions(connection, "rolled back"):
        present = _read_champions(connection).get(purpose)
        if present is None:
            raise StoreError(
                f"{purpose} has no champion to roll back; `regulars models list` shows what there "
                "is, `regulars models promote` makes one of them champion"
            )
        former = _read_former_champion(connection, purpose, present)
        if former is None:
            raise StoreError(
                f"{present} is the first champion of {purpose}, so there is none to go back to; "
                "`regulars models promote` makes another model champion"
            )
        _require_scorable(connection, read_model(connection, former))
        _set_status(connection, Decision(present, "retired", ROLLED_BACK))
        said = f"champion again: {present} was {ROLLED_BACK}"
        _set_status(connection, Decision(former, "champion", said))
    return former, present


def _read_former_champion(
    connection: duckdb.DuckDBPyConnection, purpose: str, present: str
) -> str | None:
    """Who was champion last before the present one, of those that were not rolled back."""
    rows = _fetch(
        connection,
        f"""
        with changes as (
            select change_number, unnest([model_id, former_model_id]) as model_id,
                unnest([1, 0]) as is_after
            from ml.champion_history where purpose = ?
        )
        select model_id from changes
        where model_id <> ? and model_id not in ({_ROLLED_BACK})
        order by change_number desc, is_after desc
        limit 1
        """,
        [purpose, present],
    )
    return rows[0][0] if rows else None


def _require_scorable(connection: duckdb.DuckDBPyConnection, model: RegistryRow) -> None:
    """Refuse a model that the present build could not score with."""
    if model.family == "none":
        raise StoreError(
            f"{model.model_id} is no model, it says why none was fitted: {model.status_reason}"
        )
    if model.family == "bg_nbd":
        raise StoreError(
            f"{model.model_id} is a baseline, to which the others are held, and scores no mart; "
            "promote a model of another family"
        )
    suspicion = read_suspicions(connection).get(model.model_id)
    if suspicion:
        raise StoreError(
            f"{model.model_id} cannot be champion: {suspicion}; see that no feature holds anything "
            "from its date on, or raise most_plausible_roc_auc in dbt_project.yml if customers of "
            "this shop are that predictable, and fit again"
        )
    if model.parameter_count == 0:
        raise StoreError(
            f"{model.model_id} has no rows in ml.model_parameters, so nothing can be scored with "
            "it; fit it again with `regulars fit`"
        )
    as_of_date = read_as_of_date(connection)
    if model.as_of_date > as_of_date:
        raise StoreError(
            f"{model.model_id} was fitted as of {model.as_of_date}, the warehouse is built as of "
            f"{as_of_date}; expected a model as of that date or before, or build as of a later one"
        )
    gone = _fetch(
        connection,
        """
        select distinct feature_name from ml.model_parameters
        where model_id = ? and feature_name not in (
            select column_name from information_schema.columns
            where table_schema = 'features' and table_name = 'customer_feature_snapshots'
        )
        order by feature_name
        """,
        [model.model_id],
    )
    if gone:
        raise StoreError(
            f"{model.model_id} needs {', '.join(name for (name,) in gone)}, which "
            "features.customer_feature_snapshots no longer has; fit a new one with `regulars fit`"
        )


def _set_status(connection: duckdb.DuckDBPyConnection, decision: Decision) -> None:
    connection.execute(
        "update ml.model_registry set status = ?, status_reason = ? where model_id = ?",
        [decision.status, decision.status_reason, decision.model_id],
    )


def _read_champions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Champion by purpose."""
    return dict(
        _fetch(
            connection,
            "select purpose, model_id from ml.model_registry where status = 'champion' "
            "order by trained_at, model_id",
        )
    )


@contextmanager
def _noting_champions(connection: duckdb.DuckDBPyConnection, action: str) -> Iterator[None]:
    """One transaction, whose changes of champions go into the history with it."""
    with transaction(connection):
        before = _read_champions(connection)
        yield
        after = _read_champions(connection)
        for purpose in sorted(before.keys() | after.keys()):
            if before.get(purpose) == after.get(purpose):
                continue
            connection.execute(
                """
                insert into ml.champion_history
                select
                    (select coalesce(max(change_number), 0) + 1 from ml.champion_history),
                    $1, $2, $3, $4, $5,
                    coalesce(
                        (select status_reason from ml.model_registry where model_id = $3),
                        'no model can be champion'
                    )
                """,
                [_now(), purpose, after.get(purpose), before.get(purpose), action],
            )


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
    rows = _fetch(
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
    for model_id, *values in _fetch(
        connection, "from ml.model_metrics order by model_id, split, metric_name"
    ):
        metrics.setdefault(model_id, []).append(Metric(*values))
    rows = _fetch(
        connection,
        f"""
        select registry.*, {_VERDICT} as verdict,
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


@dataclass(frozen=True)
class ChampionChange:
    """That one model took the place of another.

    Attributes:
        change_number: from 1, in the order of time.
        changed_at: when, UTC.
        purpose: what they are for.
        model_id: champion from then on; none if there was none.
        former_model_id: champion until then; none if there was none.
        action: chosen, promoted or rolled back.
        reason: why.
    """

    change_number: int
    changed_at: datetime
    purpose: str
    model_id: str | None
    former_model_id: str | None
    action: str
    reason: str


def read_champion_history(
    connection: duckdb.DuckDBPyConnection, model_id: str | None = None
) -> list[ChampionChange]:
    """Changes of champions, the oldest first.

    Args:
        connection: an open warehouse.
        model_id: only those that this model had a part in.
    """
    rows = _fetch(
        connection,
        """
        from ml.champion_history
        where $1 is null or $1 in (model_id, former_model_id)
        order by change_number
        """,
        [model_id],
    )
    return [ChampionChange(*row) for row in rows]


def read_study_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The study that is kept, if there is one."""
    rows = _fetch(connection, "select distinct study_id from ml.segmentation_candidates")
    return str(rows[0][0]) if rows else None


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
            "candidate_id": each.recipe.candidate_id,
            "as_of_date": as_of_date,
            "feature_set": each.recipe.feature_set,
            "family": each.recipe.family,
            "covariance_type": each.recipe.settings.get("covariance_type"),
            "settings": json.dumps(dict(each.recipe.settings)),
            "sample_count": sample_count,
            "seed_count": settings.seed_count,
            "resample_count": settings.resample_count,
            "segment_count": len(each.segments),
            "lowest_jaccard": each.lowest_jaccard,
            "smallest_share": each.smallest_share,
            "is_passed": not each.refusals,
            "verdict": each.verdict,
            **{name: getattr(each, name) for name in _COPIED},
        }
        for each in candidates
    ]
    segments = [
        {
            "candidate_id": each.recipe.candidate_id,
            "segment_id": number,
            "customer_share": segment.customer_share,
            "jaccard": segment.jaccard,
        }
        for each in candidates
        for number, segment in enumerate(each.segments)
    ]
    with _explained(), transaction(connection):
        _replace(connection, "ml.segmentation_candidates", rows)
        _replace(connection, "ml.segmentation_candidate_segments", segments)


# Columns of ml.segmentation_candidates that are called as the attribute that they hold.
_COPIED = (
    "noise_share", "silhouette", "calinski_harabasz", "davies_bouldin", "bic", "aic", "inertia",
    "seed_agreement", "resample_agreement", "closest_feature_name", "closest_feature_agreement",
    "distinct_feature_count", "can_be_champion", "passed_rank", "is_best_of_family", "fit_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class BestRecipe:
    """What the study chose for a family.

    Attributes:
        candidate_id: its name in the study.
        family: its kind.
        settings: what the family is told.
        study_id: the study.
        verdict: ``passed``, or what it fails.
        evidence: what the registry is to say of it as champion.
        metrics: the study's figures that model_metrics repeats.
    """

    candidate_id: str
    family: str
    settings: Mapping[str, Any]
    study_id: str
    verdict: str
    evidence: str
    metrics: Sequence[Metric]


_EVIDENCE = """
    format(
        'rank {} of {} that keep the rule, of {} candidates; agreement between seeds {:.2f}, '
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
            best.candidate_id, best.silhouette, $least_gain
        )
        else ''
    end
"""
# What the study says; of the best of each family, and of the present champion's recipe, which stays
# (is_kept) if it keeps the rule and the best is not least_gain ahead of it. A champion of a later
# date than the study was none as of it.
_CHOICES = """
    with champions as (
        select json_extract_string(settings, '$.candidate_id') as candidate_id, as_of_date
        from ml.model_registry where purpose = 'segmentation' and status = 'champion'
    ),
    best as (from ml.segmentation_candidates where passed_rank = 1),
    candidates as (
        select candidates.*,
            coalesce(
                champions.candidate_id is not null
                and candidates.silhouette > best.silhouette - $least_gain,
                false
            ) as is_kept
        from ml.segmentation_candidates as candidates
        left join best on candidates.passed_rank is not null
        left join champions
            on candidates.candidate_id = champions.candidate_id
            and candidates.as_of_date >= champions.as_of_date
    )
"""


def read_best_recipe(
    connection: duckdb.DuckDBPyConnection,
    family: str | None = None,
    *,
    least_gain: float | None = None,
) -> BestRecipe | None:
    """What the study chose for a family, whether it keeps the rule or not.

    Args:
        connection: an open warehouse.
        family: ``kmeans`` or ``gmm``; the one that is first of all if not given.
        least_gain: of :class:`ml.segmentation.ChoiceRule`; the present champion's recipe stays
            where it keeps the rule and the best is not so far ahead of it. Its value if not given.

    Returns:
        None where the study has no candidate of the family, as of too few people.
    """
    if least_gain is None:
        from ml.segmentation import ChoiceRule

        least_gain = ChoiceRule.least_gain
    names = ("silhouette", "seed_agreement", "resample_agreement", "lowest_jaccard",
             "smallest_share", "closest_feature_agreement")  # fmt: skip
    figures = ", ".join(f"candidates.{name}" for name in names)
    rows = _fetch(
        connection,
        f"""
        {_CHOICES}
        select candidates.candidate_id, candidates.family, candidates.settings,
            candidates.study_id,
            case
                when candidates.passed_rank < kept.passed_rank then format(
                    'passed, but less than {{}} ahead of the champion''s recipe {{}}',
                    $least_gain, kept.candidate_id
                )
                else candidates.verdict
            end,
            coalesce({_EVIDENCE}, ''),
            (select count(*) from candidates), (select count(passed_rank) from candidates),
            {figures}
        from candidates
        left join candidates as following
            on candidates.passed_rank + 1 = following.passed_rank
        left join candidates as kept on kept.is_kept
        left join best on true
        where (candidates.is_kept or candidates.is_best_of_family)
            and candidates.family = coalesce($family, candidates.family)
        order by candidates.is_kept desc, candidates.passed_rank nulls last,
            candidates.family = 'kmeans' desc, candidates.family
        limit 1
        """,
        {"family": family, "least_gain": least_gain},
    )
    if not rows:
        return None
    candidate_id, found, settings, study_id, verdict, evidence, *values = rows[0]
    metrics = [
        Metric("study", name, float(value))
        for name, value in zip(("candidate_count", "passed_count", *names), values, strict=True)
        if value is not None
    ]
    return BestRecipe(
        candidate_id, found, json.loads(settings), study_id, verdict, evidence, metrics
    )


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
    rows = _fetch(
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
    ((number,),) = _fetch(
        connection,
        """
        select coalesce(max(component_id) + 1, 0) from ml.model_parameters
        where model_id in (
            select model_id from ml.model_registry where purpose = 'segmentation'
        )
        """,
    )
    return int(number)


def read_stability_dates(
    connection: duckdb.DuckDBPyConnection, least_people: int = 1
) -> list[date]:
    """Dates of the stability series, ascending; the first one is where models are frozen.

    Args:
        connection: an open warehouse.
        least_people: dates at which fewer were known are left out.
    """
    rows = _fetch(
        connection,
        """
        select as_of_date from features.as_of_dates
        where is_stability_date and (
            select count(*) from features.customer_feature_snapshots as snapshots
            where snapshots.as_of_date = as_of_dates.as_of_date
        ) >= ?
        order by as_of_date
        """,
        [least_people],
    )
    return [day for (day,) in rows]


def read_features_of_known_people_first(
    connection: duckdb.DuckDBPyConnection,
    feature_names: Sequence[str],
    as_of_date: date,
    known_at: date,
) -> FeatureMatrix:
    """Features as of a date: first of those who were known at an earlier one, each by customer id.

    So the first rows are the same people, in the same order, as of every date.
    """
    columns = ", ".join(f"cast({name} as double) as {name}" for name in feature_names)
    table = _read_table(
        connection,
        f"""
        select {columns} from features.customer_feature_snapshots
        where as_of_date = ?
        order by
            customer_id not in (
                select customer_id from features.customer_feature_snapshots where as_of_date = ?
            ),
            customer_id
        """,
        [as_of_date, known_at],
    )
    return FeatureMatrix(tuple(feature_names), _to_matrix(table))


def write_stability(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, object]]
) -> None:
    """Replace the stability series, in one transaction; columns by name."""
    with _explained(), transaction(connection):
        _replace(connection, "ml.segment_stability", rows)


def read_champion_to_judge_again(
    connection: duckdb.DuckDBPyConnection, test_date: date, label_window_days: int
) -> list[tuple[str, str, list[ParameterRow]]]:
    """The churn champion, if a newer test can judge it: id, family and parameters, or nothing.

    It can where the model was judged on another date, has the same label window, and the windows
    that it was fitted on ended by the new date.

    Args:
        connection: an open warehouse.
        test_date: of the test.
        label_window_days: of the labels.
    """
    rows = _fetch(
        connection,
        """
        select model_id, family from ml.model_registry
        where purpose = 'churn' and status = 'champion'
            and json_extract_string(settings, '$.test_date') <> cast(? as varchar)
            and json_extract_string(settings, '$.label_window_days') = cast(? as varchar)
            and list_max(
                cast(json_extract(settings, '$.fitted_dates') as date[])
            ) + cast(? as integer) <= ?
        """,
        [test_date, label_window_days, label_window_days, test_date],
    )
    return [(found, family, read_parameters(connection, found)) for found, family in rows]


def write_retest(
    connection: duckdb.DuckDBPyConnection, model_id: str, test_date: date, roc_auc: float
) -> None:
    """Note how a model does on a later test than its own, in one transaction."""
    metric = Metric(f"retest {test_date}", "roc_auc", roc_auc)
    with _explained(), transaction(connection):
        connection.execute(
            "delete from ml.model_metrics where model_id = ? and split = ?",
            [model_id, metric.split],
        )
        _insert(connection, "ml.model_metrics", _metric_columns(model_id, [metric]))


def write_leak_meter(
    connection: duckdb.DuckDBPyConnection, as_of_date: date, figures: Sequence[LeakFigure]
) -> None:
    """Replace what common mistakes would have claimed, in one transaction."""
    rows = [{"as_of_date": as_of_date, **asdict(figure)} for figure in figures]
    with _explained(), transaction(connection):
        _replace(connection, "ml.leak_meter", rows)


def read_models_scored_by_library(
    connection: duckdb.DuckDBPyConnection, as_of_date: date
) -> list[tuple[str, str]]:
    """Ids and families of live models that are too large for SQL."""
    rows = _fetch(
        connection,
        """
        select model_id, family from ml.model_registry
        where status in ('champion', 'challenger') and as_of_date <= ?
            and json_extract_string(settings, '$.scored_by') = 'library'
        order by model_id
        """,
        [as_of_date],
    )
    return [(model_id, family) for model_id, family in rows]


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
        scores: model id to probabilities, in the order of :func:`read_features`.
    """
    import pyarrow as pa

    with _explained(), transaction(connection):
        for model_id, probability in scores.items():
            connection.execute(
                "delete from ml.library_scores where model_id = ? and as_of_date = ?",
                [model_id, as_of_date],
            )
            connection.register(
                "scores_to_insert",
                pa.table(
                    {"row_number": np.arange(1, len(probability) + 1), "probability": probability}
                ),
            )
            connection.execute(
                """
                insert into ml.library_scores by name
                select ? as model_id, ? as as_of_date, people.customer_id,
                    scores_to_insert.probability as return_probability
                from (
                    select customer_id, row_number() over (order by customer_id) as row_number
                    from features.customer_feature_snapshots where as_of_date = ?
                ) as people
                inner join scores_to_insert on people.row_number = scores_to_insert.row_number
                """,
                [model_id, as_of_date, as_of_date],
            )
            connection.unregister("scores_to_insert")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: commit at the end, roll back on any exception."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _insert_evidence(
    connection: duckdb.DuckDBPyConnection, model_id: str, model: FittedModel
) -> None:
    """How good a model is: its metrics, those of the rules beside it, and its curves."""
    import pyarrow as pa

    _insert(connection, "ml.model_metrics", _metric_columns(model_id, model.metrics))
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
            _insert(connection, table, columns)


def _metric_columns(model_id: str, metrics: Sequence[Metric]) -> dict[str, object]:
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


def _insert(
    connection: duckdb.DuckDBPyConnection, table_name: str, columns: dict[str, object]
) -> None:
    import pyarrow as pa

    connection.register("rows_to_insert", pa.table(columns))
    connection.execute(f"insert into {table_name} by name select * from rows_to_insert")
    # Not in a `finally`: a failed insert aborts the transaction, nothing can be unregistered then,
    # and the roll back takes the view with it.
    connection.unregister("rows_to_insert")


def _replace(
    connection: duckdb.DuckDBPyConnection, table_name: str, rows: Sequence[Mapping[str, object]]
) -> None:
    connection.execute(f"delete from {table_name}")
    if rows:
        names = list(rows[0])
        _insert(connection, table_name, {name: [row[name] for row in rows] for name in names})


def _to_matrix(table: pa.Table) -> FloatArray:
    columns = [column.to_numpy(zero_copy_only=False) for column in table.columns]
    return np.column_stack(columns).astype(np.float64)


@contextmanager
def _explained() -> Iterator[None]:
    """Say what to do where the warehouse lacks what a query names."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        first = str(error).splitlines()[0]
        raise StoreError(
            f"the warehouse lacks a table or column that fitting needs ({first}); run "
            "`regulars build`, or `dbt build` after `regulars load`"
        ) from error


def _read_table(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object]
) -> pa.Table:
    with _explained():
        try:
            return connection.sql(query, params=list(values)).to_arrow_table()
        except duckdb.BinderException as error:
            first = str(error).splitlines()[0]
            raise StoreError(
                "seeds/feature_catalog.csv and features.customer_feature_snapshots disagree "
                f"({first}); add the column to the model, or take the feature out of the catalog"
            ) from error


def _fetch(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: Sequence[object] | Mapping[str, object] = (),
) -> list[Any]:
    with _explained():
        return connection.execute(query, values).fetchall()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def count_table_rows(connection: duckdb.DuckDBPyConnection, table_name: str) -> int:
    """How many rows a table has."""
    ((count,),) = _fetch(connection, f"select count(*) from {table_name}")
    return int(count)

"""Who is champion, who could be, and who was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from ml.purpose import PlausibleBound
from ml.purposes import PURPOSES
from ml.registry import PASSED, SUSPECTED, Candidate, Decision
from ml.statements import transaction
from ml.store.connection import (
    explained,
    fetch,
    insert_row,
    utc_now,
)
from ml.store.models import forget_not_eligible

# Models that were rolled back by hand, and not promoted by hand since.
ROLLED_BACK_MODELS = """
    select changes.former_model_id from ml.champion_history as changes
    where changes.action = 'rolled back' and not exists (
        select 1 from ml.champion_history as later
        where later.model_id = changes.former_model_id
            and later.action = 'promoted'
            and later.change_number > changes.change_number
    )
"""


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


def read_suspicions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Models with a figure too good to be true: why, by model id.

    Judged by the figures in the warehouse and today's bound, whatever was said at the fit: so a
    model of an earlier version, or one fitted under a higher bound, does not slip through.
    """
    suspicions: dict[str, str] = {}
    for purpose in PURPOSES.values():
        if purpose.plausible is not None:
            suspicions |= _read_suspicions_of(connection, purpose.name, purpose.plausible)
    return suspicions


def _read_suspicions_of(
    connection: duckdb.DuckDBPyConnection, purpose: str, plausible: PlausibleBound
) -> dict[str, str]:
    """The same of one purpose; nothing while dbt has not built its bound."""
    schema, table = plausible.table
    tables = fetch(
        connection,
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, table],
    )
    if not tables:
        return {}
    message = f"{SUSPECTED}: {plausible.label} {{:.4f}} of the split {{}}, expected at most {{:g}}"
    value, gain = f"bounds.{plausible.value_column}", f"bounds.{plausible.gain_column}"
    rows = fetch(
        connection,
        f"""
        select registry.model_id,
            case
                when starts_with(any_value(registry.verdict), '{SUSPECTED}')
                    then any_value(registry.verdict)
                else format(
                    '{message}',
                    max(metrics.metric_value),
                    max_by(metrics.split, metrics.metric_value),
                    least(any_value({value}), max(metrics.baseline_value + {gain}))
                )
            end as suspicion
        from ml.model_registry as registry
        inner join ml.model_metrics as metrics on registry.model_id = metrics.model_id
        inner join {schema}.{table} as bounds
            on metrics.metric_value > {value}
            or metrics.split = 'test' and metrics.metric_value - metrics.baseline_value > {gain}
        where registry.purpose = ? and metrics.metric_name = ?
        group by registry.model_id
        """,
        [purpose, plausible.metric_name],
    )
    return {row["model_id"]: row["suspicion"] for row in rows}


def read_candidates(connection: duckdb.DuckDBPyConnection) -> list[Candidate]:
    """Every live model, and those not eligible, with the figures that decide, oldest first."""
    deciding_metrics = [(purpose.name, purpose.deciding_metric) for purpose in PURPOSES.values()]
    deciding = " or ".join(
        f"(registry.purpose = '{name}' and metrics.split = '{metric.split}' "
        f"and metrics.metric_name = '{metric.name}')"
        for name, metric in deciding_metrics
    )
    rows = fetch(
        connection,
        f"""
        select registry.model_id, registry.purpose, registry.family, registry.status,
            registry.as_of_date,
            row_number() over (order by registry.trained_at, registry.model_id) as trained_order,
            coalesce(metrics.metric_value, '-infinity'::double) as quality,
            coalesce(nullif(registry.verdict, '{PASSED}'), '') as refusal,
            coalesce(registry.evidence, '') as evidence,
            registry.test_date || ' + ' || registry.label_window_days || ' days' as test_date,
            exists (
                select 1 from ml.champion_history as changes
                where registry.model_id in (changes.model_id, changes.former_model_id)
            ) as was_champion,
            registry.model_id in ({ROLLED_BACK_MODELS}) as is_rolled_back
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
        Candidate(
            **row,
            suspicion=suspicions.get(row["model_id"], ""),
            test_qualities=tests.get(row["model_id"], {}),
        )
        for row in rows
    ]


def _read_test_qualities(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, float]]:
    """The test metric by model and date of the test: its own, and later splits `retest <date>`."""
    compared = [
        f"{purpose.name} {purpose.test_metric.name}"
        for purpose in PURPOSES.values()
        if purpose.test_metric
    ]
    rows = fetch(
        connection,
        """
        select metrics.model_id,
            case metrics.split
                when 'test' then cast(registry.test_date as varchar)
                else replace(metrics.split, 'retest ', '')
            end || ' + ' || registry.label_window_days || ' days' as test_date,
            metrics.metric_value
        from ml.model_metrics as metrics
        inner join ml.model_registry as registry on metrics.model_id = registry.model_id
        where registry.test_date is not null
            and registry.label_window_days is not null
            and list_contains(?, concat_ws(' ', registry.purpose, metrics.metric_name))
            and (metrics.split = 'test' or starts_with(metrics.split, 'retest '))
        """,
        [compared],
    )
    qualities: dict[str, dict[str, float]] = {}
    for row in rows:
        qualities.setdefault(row["model_id"], {})[row["test_date"]] = row["metric_value"]
    return qualities


def write_decisions(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> None:
    """Set the statuses of models, and note whose champion changed, in one transaction."""
    with explained(), noting_champions(connection, "chosen"):
        for decision in decisions:
            set_status(connection, decision)


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
    with explained(), noting_champions(connection, "chosen"):
        forget_not_eligible(connection, purpose, as_of_date)
        connection.execute(
            """
            update ml.model_registry set status = 'retired', status_reason = ?
            where purpose = ? and as_of_date <= ? and status <> 'retired'
            """,
            [f"not eligible as of {as_of_date}: {reason}", purpose, as_of_date],
        )
        insert_row(
            connection,
            "ml.model_registry",
            {
                "model_id": model_id,
                "purpose": purpose,
                "family": "none",
                "status": "not_eligible",
                "as_of_date": as_of_date,
                "trained_at": utc_now(),
                "row_count": 0,
                "feature_count": 0,
                "settings": json.dumps(settings, sort_keys=True, default=str),
                "code_version": code_version,
                "status_reason": reason,
                "verdict": reason,
                "evidence": "",
            },
        )
    return model_id


def set_status(connection: duckdb.DuckDBPyConnection, decision: Decision) -> None:
    """Give one model its new status, within a transaction of the caller."""
    connection.execute(
        "update ml.model_registry set status = ?, status_reason = ? where model_id = ?",
        [decision.status, decision.status_reason, decision.model_id],
    )


def read_champions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Champion by purpose."""
    rows = fetch(
        connection,
        "select purpose, model_id from ml.model_registry where status = 'champion' "
        "order by trained_at, model_id",
    )
    return {row["purpose"]: row["model_id"] for row in rows}


@contextmanager
def noting_champions(connection: duckdb.DuckDBPyConnection, action: str) -> Iterator[None]:
    """One transaction, whose changes of champions go into the history with it."""
    with transaction(connection):
        before = read_champions(connection)
        yield
        after = read_champions(connection)
        for purpose in sorted(before.keys() | after.keys()):
            if before.get(purpose) == after.get(purpose):
                continue
            connection.execute(
                """
                insert into ml.champion_history by name
                select
                    (select coalesce(max(change_number), 0) + 1 from ml.champion_history)
                        as change_number,
                    $1 as changed_at, $2 as purpose, $3 as model_id, $4 as former_model_id,
                    $5 as action,
                    coalesce(
                        (select status_reason from ml.model_registry where model_id = $3),
                        'no model can be champion'
                    ) as reason
                """,
                [utc_now(), purpose, after.get(purpose), before.get(purpose), action],
            )


def read_champion_history(
    connection: duckdb.DuckDBPyConnection, model_id: str | None = None
) -> list[ChampionChange]:
    """Changes of champions, the oldest first.

    Args:
        connection: an open warehouse.
        model_id: only those that this model had a part in.
    """
    rows = fetch(
        connection,
        """
        select change_number, changed_at, purpose, model_id, former_model_id, action, reason
        from ml.champion_history
        where $1 is null or $1 in (model_id, former_model_id)
        order by change_number
        """,
        [model_id],
    )
    return [ChampionChange(**row) for row in rows]

"""Champions that a person promotes or rolls back."""

from __future__ import annotations

import duckdb

from ml.families.catalog import FAMILIES
from ml.registry import ROLLED_BACK, Decision
from ml.store.champions import (
    ROLLED_BACK_MODELS,
    noting_champions,
    read_champions,
    read_suspicions,
    set_status,
)
from ml.store.connection import StoreError, explained, fetch
from ml.store.features import read_as_of_date
from ml.store.registry import RegistryRow, read_model, require_registry_columns


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
    with explained(), noting_champions(connection, "promoted"):
        model = read_model(connection, model_id)
        if model.status == "champion":
            raise StoreError(f"{model_id} is the champion of {model.purpose} already")
        _require_scorable(connection, model)
        former = read_champions(connection).get(model.purpose)
        if former is not None:
            status_reason = f"gave way to {model_id}, promoted by hand"
            set_status(connection, Decision(former, "challenger", status_reason))
        set_status(connection, Decision(model_id, "champion", reason))
    return former


def roll_back(connection: duckdb.DuckDBPyConnection, purpose: str) -> tuple[str, str]:
    """Give a purpose its former champion again, by hand, in one transaction.

    The present champion is retired and stays so, whatever is fitted again, until it is promoted by
    hand.

    Args:
        connection: an open warehouse.
        purpose: its name.

    Returns:
        The champion by now, and the one that was rolled back.

    Raises:
        StoreError: there is no champion, or no former one that can score this build.
    """
    require_registry_columns(connection)
    with explained(), noting_champions(connection, "rolled back"):
        present = read_champions(connection).get(purpose)
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
        set_status(connection, Decision(present, "retired", ROLLED_BACK))
        reason = f"champion again: {present} was {ROLLED_BACK}"
        set_status(connection, Decision(former, "champion", reason))
    return former, present


def _read_former_champion(
    connection: duckdb.DuckDBPyConnection, purpose: str, present: str
) -> str | None:
    """Who was champion last before the present one, of those that were not rolled back."""
    rows = fetch(
        connection,
        f"""
        with changes as (
            select change_number, unnest([model_id, former_model_id]) as model_id,
                unnest([1, 0]) as is_after
            from ml.champion_history where purpose = ?
        )
        select model_id from changes
        where model_id <> ? and model_id not in ({ROLLED_BACK_MODELS})
        order by change_number desc, is_after desc
        limit 1
        """,
        [purpose, present],
    )
    return rows[0]["model_id"] if rows else None


def _require_scorable(connection: duckdb.DuckDBPyConnection, model: RegistryRow) -> None:
    """Refuse a model that the present build could not score with."""
    if model.family == "none":
        raise StoreError(
            f"{model.model_id} is no model, it says why none was fitted: {model.status_reason}"
        )
    if model.family in FAMILIES and FAMILIES[model.family].is_baseline:
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
    missing_rows = fetch(
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
    if missing_rows:
        missing = ", ".join(row["feature_name"] for row in missing_rows)
        raise StoreError(
            f"{model.model_id} needs {missing}, which "
            "features.customer_feature_snapshots no longer has; fit a new one with `regulars fit`"
        )

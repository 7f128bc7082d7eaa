"""Whether files are of the shop that the warehouse holds, told by the orders of both."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from orchestration.errors import InputError
from orchestration.loading.tables import RawTable

# Fewer orders tell nothing.
MIN_ORDERS = 20
# Of the orders before: files of the same shop have nearly all, those of another next to none.
MIN_SAME_SHARE = 0.1


def keep_former_orders(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[RawTable]
) -> RawTable | None:
    """Remember the orders that are there, before others take their place.

    Args:
        connection: in the transaction of the load.
        tables: of the source.

    Returns:
        The table of orders; none where there is none yet, or its columns are other ones.
    """
    for table in tables:
        key, moment = table.column_of("order_key"), table.column_of("ordered_at")
        if key is None or moment is None:
            continue
        columns = connection.execute(
            "select column_name from information_schema.columns "
            "where table_schema = 'raw' and table_name = $name "
            "and table_catalog = current_database()",
            {"name": table.name},
        ).fetchall()
        if {key, moment} <= {name for (name,) in columns}:
            connection.execute(
                f"create or replace temp table former_orders as select "
                f'cast("{key}" as varchar) as order_id, try_cast("{moment}" as timestamp) '
                f"as ordered_at from raw.{table.name}"
            )
            return table
    return None


def require_same_shop(connection: duckdb.DuckDBPyConnection, table: RawTable | None) -> None:
    """Refuse orders that are another shop's: its models and history would mix with the former's.

    An order is the same by its id and its moment, give or take a time zone, or by a moment that is
    not just a day: ids may be made of another column, and times read in another zone.

    Args:
        connection: in the transaction of the load, with the new orders.
        table: as ``keep_former_orders`` returned it.

    Raises:
        InputError: next to none of the orders before is among the new ones.
    """
    if table is None:
        return
    key, moment = table.column_of("order_key"), table.column_of("ordered_at")
    ((former, same),) = connection.execute(
        f"""
        with new_orders as (
            select cast("{key}" as varchar) as order_id,
                try_cast("{moment}" as timestamp) as ordered_at
            from raw.{table.name}
        ),
        ids as (
            select order_id, min(ordered_at) as ordered_at from new_orders group by order_id
        ),
        moments as (
            select distinct ordered_at from new_orders
            where ordered_at <> date_trunc('day', ordered_at)
        )
        select
            count(*),
            count(*) filter (
                abs(epoch(former_orders.ordered_at) - epoch(ids.ordered_at)) <= 26 * 3600
                or moments.ordered_at is not null
            )
        from former_orders
        left join ids using (order_id)
        left join moments on former_orders.ordered_at = moments.ordered_at
        """
    ).fetchall()
    connection.execute("drop table former_orders")
    if former < MIN_ORDERS or same >= MIN_SAME_SHARE * former:
        return
    raise InputError(
        "the files are of another shop than the warehouse, or a small part of the shop's export: "
        f"of the {former:,} orders that were loaded before, {same:,} are in them by number and "
        "time, expected nearly all. Two shops in one warehouse would mix their models and history: "
        "set REGULARS_WAREHOUSE to a new file, or move the present one away; or export the shop "
        "whole."
    )

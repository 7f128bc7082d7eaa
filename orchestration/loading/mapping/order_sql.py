"""From staged rows to one row per order: filled down, brought together, each with its person."""

from __future__ import annotations

import duckdb

from orchestration.loading.mapping.fields import FIELDS, SQL_TYPES, TableName
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.staging import (
    Field,
    Stage,
    set_aside,
    text_column,
    value_column,
)
from orchestration.sql_text import identifier, literal

# So many hexadecimal digits of a digest stand for an e-mail or a phone number.
DIGEST_LENGTH = 32


def fill_down(connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage) -> None:
    """Give each line the columns of its order, where these stand on the first line only.

    A new order begins where its number or its id changes to another one; within an order each
    column has the first value that stands there. This comes before any row is judged.
    """
    if mapping.orders.stand_on != "first_line":
        return
    begins = []
    for name in ("order_number", "order_id"):
        if ("orders", name) in stage.fields:
            column = text_column(("orders", name))
            before = f"last_value({column} ignore nulls) over before"
            begins.append(f"({column} is not null and {column} is distinct from {before})")
    filled = [
        column
        for where in stage.fields
        if where[0] == "orders"
        for column in (value_column(where), text_column(where))
    ]
    firsts = ", ".join(f"arg_min({column}, position) as {column}" for column in filled)
    replaced = ", ".join(f"heads.{column} as {column}" for column in filled)
    connection.execute(
        f"""
        create or replace {stage.name.replace("temp.", "temp table ")} as
        with marked as (
            select source_number, position, {" or ".join(begins)} as is_first from {stage.name}
            window before as (
                partition by source_number order by position
                rows between unbounded preceding and 1 preceding
            )
        ),

        numbered as (
            select source_number, position, count(*) filter (is_first) over (
                partition by source_number order by position
                rows between unbounded preceding and current row
            ) as order_place
            from marked
        ),

        heads as (
            -- The first value that stands there; a place without any is not looked at.
            select numbered.source_number, numbered.order_place, {firsts}
            from {stage.name} as rows
            inner join numbered using (source_number, position)
            group by numbered.source_number, numbered.order_place
        )

        select rows.* replace ({replaced})
        from {stage.name} as rows
        inner join numbered
            on rows.source_number = numbered.source_number and rows.position = numbered.position
        inner join heads
            on numbered.source_number = heads.source_number
            and numbered.order_place = heads.order_place
        """
    )
    if ("orders", "order_number") in stage.fields:
        for name_of in (value_column, text_column):
            order_id = name_of(("orders", "order_id"))
            connection.execute(
                f"update {stage.name} set {order_id} = {name_of(('orders', 'order_number'))} "
                f"where {order_id} is null"
            )


def name_orders(connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage) -> None:
    """Give rows without an order's id one that is made of the customer and the moment.

    What one customer bought at one moment is one order; each row without a customer is one of its
    own. The id of a row without a moment stays empty.

    Args:
        connection: the one of the stage.
        mapping: whose orders have no ids.
        stage: of the mapping's main table; the field is added to it.
    """
    table = mapping.main_table
    moment_at: Field = (table, "paid_at") if table == "payments" else ("orders", "ordered_at")
    made: Field = ("orders", "order_id")
    moment = value_column(moment_at)
    day = f"replace(cast({moment} as varchar), ' 00:00:00', '')"
    row = "'row ' || (source_number + 1) || '.' || position"
    order_id = f"coalesce({person_sql(mapping, stage, 'orders')}, {row}) || ' ' || {day}"
    value, text = value_column(made), text_column(made)
    for column in (value, text):
        connection.execute(f"alter table {stage.name} add column {column} varchar")
    connection.execute(f"update {stage.name} set {value} = {order_id}, {text} = {order_id}")
    stage.fields[made] = stage.fields[moment_at]


def name_payments(connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage) -> str:
    """SQL of the id of an order among staged rows."""
    if mapping.layout != "payments_only":
        return value_column(("orders", "order_id"))
    wheres: tuple[Field, ...] = (
        ("orders", "order_id"), ("payments", "order_id"), ("payments", "payment_id"),
    )  # fmt: skip
    ids = [value_column(where) for where in wheres if where in stage.fields]
    return ids[0] if len(ids) == 1 else f"coalesce({', '.join(ids)})"


def set_aside_other_currencies(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage
) -> None:
    """Rows in another currency than the shop's: sums over several say nothing."""
    tables: tuple[TableName, ...] = ("orders", "payments")
    for table in tables:
        if (table, "currency") in stage.fields:
            column = text_column((table, "currency"))
            header = {name for names in stage.headers for name in names}
            names = stage.fields[table, "currency"]
            set_aside(
                connection, stage, f"upper({column}) <> {literal(mapping.currency)}",
                "other_currency",
                f"'the amounts are in ' || {column} || ', the shop''s currency is "
                f"{mapping.currency}'",
                column=next(name for name in names if name in header), value=column,
            )  # fmt: skip


def create_orders(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage
) -> None:
    """One row per order in ``temp.stage_order``, each field the first value that stands there.

    An order whose rows are repeated, one per gateway or per line, has its sums once. It was placed
    at the earliest of its moments. Rows that disagree are counted in ``conflict_count``.
    """
    order_id = name_payments(connection, mapping, stage)
    columns = []
    conflicts = []
    for name, kind in FIELDS["orders"].items():
        if name == "order_id":
            continue
        column = _order_column(mapping, stage, name)
        if column is None:
            columns.append(f"cast(null as {SQL_TYPES[kind]}) as {name}")
        elif name == "ordered_at":
            columns.append(f"min({column}) as ordered_at")
        elif mapping.layout == "payments_only" and name in {"total_amount", "refunded_amount"}:
            # The payments of one order come to its total.
            columns.append(f"cast(sum({column}) as {SQL_TYPES[kind]}) as {name}")
        else:
            columns.append(f"arg_min({column}, row_place) as {name}")
            if kind == "amount" or name in {"customer_id", "email"}:
                conflicts.append(f"count(distinct {column}) > 1")
    rule_columns = [
        f"arg_min({identifier(f'column {name}')}, row_place) as {identifier(f'column {name}')}"
        for name in stage.columns
    ]
    connection.execute(
        f"""
        create or replace temp table stage_order as
        select
            order_id, {", ".join([*columns, *rule_columns])},
            {" or ".join(conflicts) or "false"} as is_conflicting,
            min(source_number) as source_number, min(row_place) as row_place,
            arg_min(position, row_place) as position
        from (
            select *, {order_id} as order_id,
                row_number() over (order by source_number, position) as row_place
            from {stage.name}
        )
        group by order_id
        """
    )


def _order_column(mapping: ShopMapping, stage: Stage, name: str) -> str | None:
    if mapping.layout == "payments_only":
        own = {
            "ordered_at": "paid_at", "total_amount": "paid_amount", "currency": "currency",
            "refunded_amount": "refunded_amount", "payment_type": "payment_type",
        }.get(name)  # fmt: skip
        if own is not None and ("payments", own) in stage.fields:
            return value_column(("payments", own))
    return value_column(("orders", name)) if ("orders", name) in stage.fields else None


def digest(text: str) -> str:
    """SQL of what stands for an e-mail or a phone number where people may look."""
    return f"substr(sha256({text}), 1, {DIGEST_LENGTH})"


def key_sql(mapping: ShopMapping, name: str, column: str) -> str:
    """SQL of a person's key, null where it stands for nobody in particular.

    Args:
        mapping: with keys that are no person.
        name: customer_id, email or phone.
        column: SQL of its value.
    """
    nobody = [key.strip().lower() for key in mapping.customers.not_a_person]
    if name == "phone":
        nobody = ["".join(sign for sign in key if sign in "0123456789+") for key in nobody]
    listed = ", ".join(literal(key) for key in nobody if key)
    person_key = f"if(lower({column}) in ({listed}), null, {column})" if listed else column
    if name == "customer_id":  # an id may be an e-mail, which is contact data
        return f"if(contains({person_key}, '@'), {digest(f'lower({person_key})')}, {person_key})"
    return digest(person_key)


def person_sql(mapping: ShopMapping, stage: Stage, table: TableName) -> str:
    """SQL of the person that a staged row names by itself, null where it names nobody.

    Args:
        mapping: with the keys of people.
        stage: of the rows.
        table: whose fields the keys are.
    """
    keys = [
        key_sql(mapping, key, value_column((table, key)))
        for key in mapping.customers.keys
        if (table, key) in stage.fields
    ]
    if not keys:
        return "cast(null as varchar)"
    return keys[0] if len(keys) == 1 else f"coalesce({', '.join(keys)})"


def find_people(connection: duckdb.DuckDBPyConnection, mapping: ShopMapping) -> None:
    """Add the person of each order to ``temp.stage_order``: ``person_id``, null for guests.

    A person is known by the best key that the order has. An order with a lesser key only, such as
    the e-mail, is of the person of a better key if all orders with that lesser key and a better
    one name the same one; a key of several people joins nobody, and is counted.
    """
    keys = list(mapping.customers.keys)
    names = ", ".join(f"{key_sql(mapping, key, key)} as key_{number}"
                      for number, key in enumerate(keys))  # fmt: skip
    connection.execute(
        f"create or replace temp table stage_keys as select order_id, {names} from temp.stage_order"
    )
    connection.execute(
        "create or replace temp table stage_shared_keys (key_name varchar, person_count bigint)"
    )
    connection.execute("alter table temp.stage_keys add column person_id varchar")
    connection.execute("update temp.stage_keys set person_id = key_0")
    for number in range(1, len(keys)):
        connection.execute(
            f"""
            create or replace temp table stage_join as
            select key_{number} as lesser_key, count(distinct person_id) as person_count,
                min(person_id) as person_id
            from temp.stage_keys
            where key_{number} is not null and person_id is not null
            group by key_{number}
            """
        )
        connection.execute(
            "insert into temp.stage_shared_keys select ?, person_count from temp.stage_join "
            "where person_count > 1",
            [keys[number]],
        )
        connection.execute(
            f"""
            update temp.stage_keys as mine
            set person_id = coalesce(
                (
                    select stage_join.person_id from temp.stage_join as stage_join
                    where stage_join.lesser_key = mine.key_{number} and person_count = 1
                ),
                mine.key_{number}
            )
            where mine.person_id is null and mine.key_{number} is not null
            """
        )
    connection.execute(
        """
        create or replace temp table stage_order as
        select stage_order.*, stage_keys.person_id
        from temp.stage_order as stage_order
        inner join temp.stage_keys as stage_keys
            on stage_order.order_id = stage_keys.order_id
        """
    )
    connection.execute("drop table if exists temp.stage_join")

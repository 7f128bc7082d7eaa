"""What a mapping found in the files that a person should know: counted, with a sentence each."""

from __future__ import annotations

import duckdb

from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.staging import Stage


def insert_findings(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    stages: dict[str, Stage],
) -> None:
    """Fill ``findings``; one that counts nothing is left out.

    Args:
        connection: with the filled tables and the stages.
        mapping: that was applied.
        schema: of the tables.
        stages: by table.
    """
    unlisted = "which the mapping does not list"
    tolerance = mapping.money.tolerance_amount
    questions = {
        "guest_orders": (
            f'select count(*), sum(item_amount) from "{schema}".orders where customer_id is null',
            "orders of guests, who are counted in no customer mart",
        ),
        "unlisted_statuses": (
            f"""
            select count(*), null from "{schema}".orders
            where contains(invalid_reason, '{unlisted}')
            """,
            "orders with a status that orders.statuses do not list, so they are not valid",
        ),
        "invalid_orders": (
            f'select count(*), sum(item_amount) from "{schema}".orders where not is_valid_order',
            "orders that are not valid",
        ),
        "orders_without_lines": (
            f"""
            select count(*), sum(total_amount) from "{schema}".orders
            where line_count = 0 and '{mapping.layout}' <> 'payments_only'
            """,
            "orders without lines",
        ),
        "total_differences": (
            f"""
            select count(*), sum(total_difference_amount) from "{schema}".orders
            where abs(total_difference_amount) > {tolerance}
            """,
            f"orders whose total differs from lines, shipping, tax and discount by more than "
            f"{tolerance}",
        ),
        "conflicting_rows": (
            "select count(*), null from temp.stage_order where is_conflicting",
            "orders whose rows disagree about an amount or the customer; the first row counts",
        ),
        "shared_keys": (
            "select count(*), null from temp.stage_shared_keys",
            "keys, such as e-mails, of several people; they join nobody",
        ),
        "lines_of_price_zero": (
            f"""
            select count(*), null from "{schema}".ledger_lines
            where line_kind = 'sale' and line_amount = 0
            """,
            "sale lines without money that no rule calls gifts",
        ),
        "summed_lines": (
            f"""
            select sum(source_line_count - 1), null from "{schema}".order_lines
            where source_line_count > 1
            """,
            "lines that were summed with another of the same order and product",
        ),
        "payments_without_order": (
            f"""
            select count(*), sum(paid_amount) from "{schema}".payments
            where order_id is null or order_id not in (select order_id from temp.stage_order)
            """,
            "payments of no order that is there",
        ),
    }
    for name, (question, message) in questions.items():
        ((count, amount),) = connection.execute(question).fetchall()
        if count:
            _insert(connection, schema, name, count, amount, message)
    rejected = connection.execute(
        f'select reason_code, count(*) from "{schema}".rejected group by all order by all'
    ).fetchall()
    for code, count in rejected:
        _insert(
            connection, schema, f"rejected_{code}", count, None,
            f"rows set aside in rejected, reason {code}",
        )  # fmt: skip
    kinds = connection.execute(
        f"""
        select line_kind, count(*), sum(line_amount) from "{schema}".ledger_lines
        group by all order by all
        """
    ).fetchall()
    for kind, count, amount in kinds:
        _insert(connection, schema, f"lines_{kind}", count, amount, f"lines of the kind {kind}")
    for name, stage in stages.items():
        if len(stage.sources) > 1:
            _insert(
                connection, schema, f"files_{name}", len(stage.sources), None,
                f"files or sheets of {name}",
            )  # fmt: skip


def _insert(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    name: str,
    count: object,
    amount: object,
    message: str,
) -> None:
    connection.execute(
        f'insert into "{schema}".findings values (?, ?, ?, ?)', [name, count, amount, message]
    )

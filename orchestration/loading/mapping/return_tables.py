"""What came back: lines of returns, refunds of lines and of orders, and a file of returns."""

from __future__ import annotations

import duckdb

from orchestration.loading.mapping.fields import FIELDS
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.order_sql import person_sql
from orchestration.loading.mapping.order_tables import staged_value
from orchestration.loading.mapping.rule_sql import clean_sql
from orchestration.loading.mapping.staging import Stage


def insert_returns(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str, stage: Stage | None
) -> None:
    """Fill ``returns`` from each part of the files that knows of one.

    A refund without a moment of its own keeps none: it is known today, and it is not known since
    when.

    Args:
        connection: with the filled lines, orders and products.
        mapping: that says which refunds count.
        schema: of the tables.
        stage: of the returns' own file, if there is one.
    """
    _insert_returned_lines(connection, schema)
    if mapping.money.refunds in {"lines", "both"}:
        _insert_line_refunds(connection, schema)
    if mapping.money.refunds in {"orders", "both"}:
        _insert_order_refunds(connection, mapping, schema)
    if stage is not None:
        _insert_file(connection, mapping, schema, stage)
    if mapping.customers.guests == "left_out":
        connection.execute(f'delete from "{schema}".returns where customer_id is null')


def _insert_returned_lines(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    connection.execute(
        f"""
        insert into "{schema}".returns
        select
            ledger_lines.order_id,
            row_number() over (partition by ledger_lines.order_id order by ledger_lines.rowid),
            orders.order_id, ledger_lines.customer_id, ledger_lines.product_id,
            ledger_lines.product_kind, ledger_lines.is_merchandise, abs(ledger_lines.quantity),
            abs(ledger_lines.unit_price), -ledger_lines.item_amount, ledger_lines.ordered_at,
            'line', if(ledger_lines.is_merchandise, -ledger_lines.item_amount, 0)
        from "{schema}".ledger_lines as ledger_lines
        left join "{schema}".orders as orders on ledger_lines.order_id = orders.order_id
        where ledger_lines.line_kind = 'return'
        order by ledger_lines.rowid
        """
    )


def _insert_line_refunds(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    connection.execute(
        f"""
        insert into "{schema}".returns
        select
            orders.order_id || '-refund',
            row_number() over (partition by orders.order_id order by ledger_lines.rowid),
            orders.order_id, orders.customer_id, product_id, product_kind, is_merchandise,
            refunded_quantity, unit_price, ledger_lines.refunded_amount, orders.refunded_at,
            'line_refund', if(is_merchandise, ledger_lines.refunded_amount, 0)
        from "{schema}".ledger_lines as ledger_lines
        inner join "{schema}".orders as orders on ledger_lines.order_id = orders.order_id
        where line_kind = 'sale' and ledger_lines.refunded_amount > 0
        order by ledger_lines.rowid
        """
    )


def _insert_order_refunds(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str
) -> None:
    """What an order states beyond its lines.

    It gives back merchandise, shipping and tax in the shares that they have of the order's total,
    less the merchandise that the lines state already.
    """
    merchandise = "orders.item_amount"
    if mapping.money.order_discount != "included":
        merchandise += " - coalesce(orders.order_discount_amount, 0)"
    total = "nullif(coalesce(orders.total_amount, orders.expected_total_amount), 0)"
    share = f"least(orders.refunded_amount, {total}) * cast({merchandise} as double) / {total}"
    connection.execute(
        f"""
        insert into "{schema}".returns
        with stated as (
            select order_id, sum(returned_amount) as returned_amount,
                sum(merchandise_amount) as merchandise_amount
            from "{schema}".returns where origin = 'line_refund' group by order_id
        ),

        refunds as (
            select
                orders.order_id, customer_id, refunded_at,
                orders.refunded_amount - coalesce(stated.returned_amount, 0) as returned_amount,
                -- Of payments alone all is merchandise, as far as anybody knows.
                if(
                    orders.item_amount is null, orders.refunded_amount,
                    cast(round({share}, 2) as decimal(18, 2))
                ) - coalesce(stated.merchandise_amount, 0) as merchandise_amount
            from "{schema}".orders as orders
            left join stated on orders.order_id = stated.order_id
        )

        select
            order_id || '-refund-of-order', 1, order_id, customer_id, null, null, null, null, null,
            returned_amount, refunded_at, 'order_refund',
            greatest(0, least(returned_amount, coalesce(merchandise_amount, 0)))
        from refunds
        where returned_amount > 0
        order by order_id
        """
    )


def _insert_file(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str, stage: Stage
) -> None:
    fields = {name: staged_value(stage, "returns", name) for name in FIELDS["returns"]}
    product = "null"
    if fields["product_id"] != "null":
        product = clean_sql(fields["product_id"], mapping.products.id_cleaning)
    connection.execute(
        f"""
        insert into "{schema}".returns
        with stated as (
            select
                coalesce({fields["return_id"]}, cast(position as varchar)) as return_id,
                position, source_number, {fields["order_id"]} as order_id,
                {person_sql(mapping, stage, "returns")} as customer_id,
                {product} as product_id, {fields["quantity"]} as quantity,
                {fields["returned_amount"]} as amount, {fields["returned_at"]} as returned_at
            from {stage.name}
        )

        select
            stated.return_id, row_number() over (
                partition by stated.return_id order by source_number, position
            ),
            stated.order_id, coalesce(stated.customer_id, orders.customer_id),
            stated.product_id, products.product_kind, products.is_merchandise,
            abs(stated.quantity), null, abs(stated.amount), stated.returned_at, 'file',
            if(coalesce(products.is_merchandise, true), abs(stated.amount), 0)
        from stated
        left join "{schema}".orders as orders on stated.order_id = orders.order_id
        left join "{schema}".products as products on stated.product_id = products.product_id
        order by source_number, position
        """
    )

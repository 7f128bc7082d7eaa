"""The tables about orders in their fixed shape: orders, payments, returns, reviews and so on."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from orchestration.loading.mapping.fields import FIELDS, TableName
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.order_sql import key_sql, name_payments
from orchestration.loading.mapping.rule_sql import clean_sql, order_fault_sql, order_kind_sql
from orchestration.loading.mapping.staging import Stage, value_column
from orchestration.sql_text import literal


def insert_orders(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    line_columns: Sequence[str],
) -> None:
    """Orders with a sale or a gift, or without lines; whether each is valid, and if not, why."""
    has_lines = mapping.layout != "payments_only"
    money = mapping.money
    parts = ["coalesce(item_amount, 0) + coalesce(other_amount, 0)", "coalesce(shipping_amount, 0)"]
    if not money.prices_include_tax:
        parts.append("coalesce(tax_amount, 0)")
    expected = " + ".join(parts)
    if money.order_discount == "subtracted":
        expected += " - coalesce(order_discount_amount, 0)"
    without = (
        "when line_count = 0 then 'no lines' when sale_line_count = 0 then 'gifts only' "
        "when merchandise_line_count = 0 then 'no merchandise'"
        if has_lines
        else ""
    )
    guests = "" if mapping.customers.guests == "kept" else "and customer_id is not null"
    connection.execute(
        f"""
        insert into "{schema}".orders
        with sums as (
            select
                order_id,
                sum(item_amount) filter (line_kind = 'sale' and is_merchandise) as item_amount,
                sum(item_amount) filter (line_kind = 'sale' and not is_merchandise) as other_amount,
                count(*) filter (line_kind in ('sale', 'gift')) as line_count,
                count(*) filter (line_kind = 'sale') as sale_line_count,
                count(*) filter (line_kind = 'sale' and is_merchandise) as merchandise_line_count
            from "{schema}".ledger_lines group by order_id
        ),

        paid as (
            select order_id, sum(paid_amount) as paid_amount
            from "{schema}".payments where is_counted group by order_id
        ),

        known as (
            select
                stage_order.order_id, order_number, person_id as customer_id,
                status as order_status, ordered_at, sums.item_amount, sums.other_amount,
                abs(discount_amount) as order_discount_amount, shipping_amount, tax_amount,
                total_amount, paid.paid_amount, abs(refunded_amount) as refunded_amount, paid_at,
                cancelled_at, refunded_at, payment_type, postal_code, city, state, country,
                coalesce(sums.line_count, 0) as line_count, sums.sale_line_count,
                coalesce(sums.merchandise_line_count, 0) as merchandise_line_count,
                {order_fault_sql(mapping, line_columns)} as fault,
                if(
                    sums.order_id is null,
                    {order_kind_sql(mapping, line_columns)} in ('sale', 'gift'), sums.line_count > 0
                ) as is_order
            from temp.stage_order as stage_order
            left join sums on stage_order.order_id = sums.order_id
            left join paid on stage_order.order_id = paid.order_id
        ),

        judged as (
            select *,
                case when fault is not null then fault {without} end as invalid_reason,
                {expected if has_lines else "total_amount"} as expected_total_amount
            from known
            where is_order {guests}
        )

        select
            order_id, order_number, customer_id, order_status, ordered_at, invalid_reason is null,
            invalid_reason, coalesce(item_amount, {"0" if has_lines else "null"}),
            coalesce(other_amount, {"0" if has_lines else "null"}), order_discount_amount,
            shipping_amount, tax_amount, total_amount, expected_total_amount,
            total_amount - expected_total_amount, paid_amount, refunded_amount, paid_at,
            cancelled_at, refunded_at, payment_type, postal_code, city, state, country, line_count,
            merchandise_line_count
        from judged
        order by ordered_at, order_id
        """
    )


def insert_payments(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    stage: Stage,
    line_columns: Sequence[str],
) -> None:
    """Payments, each marked whether it counts: it was made, and brought the shop money."""
    assert mapping.payments is not None
    fields = {name: _field(stage, "payments", name) for name in FIELDS["payments"]}
    conditions = ["true"]
    if mapping.payments.counted_statuses:
        conditions.append(_listed(fields["payment_status"], mapping.payments.counted_statuses))
    if mapping.payments.counted_kinds:
        conditions.append(_listed(fields["transaction_kind"], mapping.payments.counted_kinds))
    is_refund = "false"
    if mapping.payments.refund_kinds:
        is_refund = _listed(fields["transaction_kind"], mapping.payments.refund_kinds)
        conditions.append(f"not {is_refund}")
    if mapping.layout == "payments_only":
        order_id = name_payments(connection, mapping, stage)
        conditions.append("fault is null")
    else:
        order_id = fields["order_id"]
    refunded = f"if({is_refund}, abs({fields['paid_amount']}), {fields['refunded_amount']})"
    connection.execute(
        f"""
        insert into "{schema}".payments
        with faults as (
            select order_id, {order_fault_sql(mapping, line_columns)} as fault
            from temp.stage_order as stage_order
        )

        select
            {fields["payment_id"]}, {order_id},
            row_number() over (partition by {order_id} order by source_number, position),
            {fields["payment_type"]}, {fields["transaction_kind"]}, {fields["payment_status"]},
            if({is_refund}, 0, {fields["paid_amount"]}), {refunded}, {fields["paid_at"]},
            {fields["installment_count"]}, {" and ".join(conditions)}
        from {stage.name} as payment
        left join faults on {order_id} = faults.order_id
        order by source_number, position
        """
    )


def _listed(column: str, texts: Sequence[str]) -> str:
    values = ", ".join(literal(text.strip().lower()) for text in texts)
    return f"coalesce(lower({column}) in ({values}), false)"


def _field(stage: Stage, table: TableName, name: str) -> str:
    where = (table, name)
    return value_column(where) if where in stage.fields else "null"


def insert_returns(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str, stage: Stage | None
) -> None:
    """What came back, from each part of the files that knows of it."""
    connection.execute(
        f"""
        insert into "{schema}".returns
        select
            ledger_lines.order_id,
            row_number() over (partition by ledger_lines.order_id order by ledger_lines.rowid),
            orders.order_id, ledger_lines.customer_id, ledger_lines.product_id,
            ledger_lines.product_kind, ledger_lines.is_merchandise, abs(ledger_lines.quantity),
            abs(ledger_lines.unit_price), -ledger_lines.item_amount, ledger_lines.ordered_at,
            'line'
        from "{schema}".ledger_lines as ledger_lines
        left join "{schema}".orders as orders on ledger_lines.order_id = orders.order_id
        where ledger_lines.line_kind = 'return'
        order by ledger_lines.rowid
        """
    )
    if mapping.money.refunds in {"lines", "both"}:
        connection.execute(
            f"""
            insert into "{schema}".returns
            select
                orders.order_id || '-refund',
                row_number() over (partition by orders.order_id order by ledger_lines.rowid),
                orders.order_id, orders.customer_id, product_id, product_kind, is_merchandise,
                refunded_quantity, unit_price, ledger_lines.refunded_amount, orders.refunded_at,
                'line_refund'
            from "{schema}".ledger_lines as ledger_lines
            inner join "{schema}".orders as orders on ledger_lines.order_id = orders.order_id
            where line_kind = 'sale' and ledger_lines.refunded_amount > 0
            order by ledger_lines.rowid
            """
        )
    if mapping.money.refunds in {"orders", "both"}:
        connection.execute(
            f"""
            insert into "{schema}".returns
            with stated as (
                select order_id, sum(returned_amount) as returned_amount
                from "{schema}".returns where origin = 'line_refund' group by order_id
            )

            select
                orders.order_id || '-refund-of-order', 1, orders.order_id, customer_id, null, null,
                null, null, null, refunded_amount - coalesce(returned_amount, 0), refunded_at,
                'order_refund'
            from "{schema}".orders as orders
            left join stated on orders.order_id = stated.order_id
            where refunded_amount > coalesce(returned_amount, 0)
            """
        )
    if stage is not None:
        fields = {name: _field(stage, "returns", name) for name in FIELDS["returns"]}
        product = clean_sql(fields["product_id"], mapping.products.id_cleaning)
        connection.execute(
            f"""
            insert into "{schema}".returns
            with stated as (
                select
                    coalesce({fields["return_id"]}, cast(position as varchar)) as return_id,
                    position, source_number, {fields["order_id"]} as order_id,
                    {person_sql(mapping, stage, "returns")} as customer_id,
                    {product if fields["product_id"] != "null" else "null"} as product_id,
                    {fields["quantity"]} as quantity, {fields["returned_amount"]} as amount,
                    {fields["returned_at"]} as returned_at
                from {stage.name}
            )

            select
                stated.return_id, row_number() over (
                    partition by stated.return_id order by source_number, position
                ),
                stated.order_id, coalesce(stated.customer_id, orders.customer_id),
                stated.product_id, products.product_kind, products.is_merchandise,
                abs(stated.quantity), null, abs(stated.amount), stated.returned_at, 'file'
            from stated
            left join "{schema}".orders as orders on stated.order_id = orders.order_id
            left join "{schema}".products as products on stated.product_id = products.product_id
            order by source_number, position
            """
        )


def person_sql(mapping: ShopMapping, stage: Stage, table: TableName) -> str:
    """SQL of the person that a row of an optional table names."""
    keys = [
        key_sql(mapping, key, value_column((table, key)))
        for key in mapping.customers.keys
        if (table, key) in stage.fields
    ]
    if not keys:
        return "cast(null as varchar)"
    return keys[0] if len(keys) == 1 else f"coalesce({', '.join(keys)})"


def insert_plain(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    table: TableName,
    stage: Stage,
) -> None:
    """A table of which each row is kept as it is: customers, reviews, shipments."""
    names = [name for name in FIELDS[table] if name not in {"email", "phone"}]
    values = [_field(stage, table, name) for name in names]
    if table == "customers":
        values[names.index("customer_id")] = person_sql(mapping, stage, "customers")
    connection.execute(
        f'insert into "{schema}".{table} select {", ".join(values)} from {stage.name} '
        "order by source_number, position"
    )


def insert_contacts(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """E-mail and phone number of each person, of their latest order that states one."""
    connection.execute(
        f"""
        insert into "{schema}".customer_contacts
        select person_id, arg_max(email, (ordered_at, order_id)),
            arg_max(phone, (ordered_at, order_id))
        from temp.stage_order
        where person_id is not null and (email is not null or phone is not null)
        group by person_id
        order by person_id
        """
    )

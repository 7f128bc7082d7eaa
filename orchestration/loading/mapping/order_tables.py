"""The tables about orders in their fixed shape: orders, payments, returns, reviews and so on."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from orchestration.loading.mapping.fields import FIELDS, TableName
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.order_sql import name_payments, person_sql
from orchestration.loading.mapping.parts import Money
from orchestration.loading.mapping.rule_sql import order_fault_sql, order_kind_sql
from orchestration.loading.mapping.staging import Stage, value_column
from orchestration.sql_text import literal

# A product of this kind stands outside an order's subtotal.
TIP = "tip"


def insert_orders(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    line_columns: Sequence[str],
) -> None:
    """Orders with a sale or a gift, or without lines; whether each is valid, and if not, why."""
    has_lines = mapping.layout != "payments_only"
    expected, off_shipping = _money_sql(mapping.money)
    discount = "abs(discount_amount)"
    if mapping.money.order_discount == "with_lines":
        discount = f"greatest(0, {discount} - coalesce(sums.line_discount_amount, 0))"
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
                sum(item_amount) filter (line_kind = 'sale' and product_kind = '{TIP}')
                    as tip_amount,
                sum(if(quantity < 0, -1, 1) * coalesce(abs(line_discount_amount), 0))
                    filter (line_kind = 'sale') as line_discount_amount,
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
                sums.tip_amount, {discount} as discount_amount, shipping_amount,
                fee_amount, tax_amount, subtotal_amount, total_amount, paid.paid_amount,
                abs(refunded_amount) as refunded_amount, paid_at, cancelled_at, refunded_at,
                payment_type, postal_code, city, state, country,
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
                {expected if has_lines else "total_amount"} as expected_total_amount,
                {off_shipping} as shipping_discount_amount
            from known
            where is_order {guests}
        )

        select
            order_id, order_number, customer_id, order_status, ordered_at, invalid_reason is null,
            invalid_reason, coalesce(item_amount, {"0" if has_lines else "null"}),
            coalesce(other_amount, {"0" if has_lines else "null"}),
            discount_amount - shipping_discount_amount, shipping_amount, tax_amount, total_amount,
            expected_total_amount, total_amount - expected_total_amount, paid_amount,
            refunded_amount, paid_at, cancelled_at, refunded_at, payment_type, postal_code, city,
            state, country, line_count, merchandise_line_count, fee_amount,
            shipping_discount_amount
        from judged
        order by ordered_at, order_id
        """
    )


def _money_sql(money: Money) -> tuple[str, str]:
    """SQL of what an order's total should be, and of the part of its discount off the shipping.

    The discount is the one beside the lines: what it has of theirs is taken from it before.
    The subtotal is that of the lines after the discount. What of the discount it does not explain
    was given on the shipping, so it takes nothing from the merchandise.
    """
    goods = "(coalesce(item_amount, 0) + coalesce(other_amount, 0)"
    parts = [f"{goods})", "coalesce(shipping_amount, 0)", "coalesce(fee_amount, 0)"]
    if not money.prices_include_tax:
        parts.append("coalesce(tax_amount, 0)")
    expected = " + ".join(parts)
    if money.order_discount == "included":
        return expected, "cast(0 as decimal(18, 2))"
    off_lines = f"{goods} - coalesce(tip_amount, 0) - subtotal_amount)"
    off_shipping = f"""
        case when {off_lines} >= 0
            and discount_amount - {off_lines} between 0 and coalesce(shipping_amount, 0)
            then discount_amount - {off_lines} else 0 end
    """
    return f"{expected} - coalesce(discount_amount, 0)", off_shipping


def insert_payments(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    stage: Stage,
    line_columns: Sequence[str],
) -> None:
    """Payments, each marked whether it counts: it was made, and brought the shop money."""
    assert mapping.payments is not None
    fields = {name: staged_value(stage, "payments", name) for name in FIELDS["payments"]}
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


def staged_value(stage: Stage, table: TableName, name: str) -> str:
    """SQL of the value of a field, null where the file has none."""
    where = (table, name)
    return value_column(where) if where in stage.fields else "null"


def insert_plain(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    table: TableName,
    stage: Stage,
) -> None:
    """A table of which each row is kept as it is: customers, reviews, shipments."""
    names = [name for name in FIELDS[table] if name not in {"email", "phone"}]
    values = [staged_value(stage, table, name) for name in names]
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

{# One row: what was paid, and what orders come to, as the raw tables say; each
   layer is held to it. -#}
with

ledger_lines as (

    select * from {{ ref('stg_shop__ledger_lines') }}

),

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

payments as (

    select * from {{ ref('stg_shop__payments') }}

),

settings as (

    select * from {{ ref('stg_shop__shop_settings') }}

),

paid as (

    select
        count(*) as payment_count,
        coalesce(sum(paid_amount), 0) as paid_amount
    from payments
    where
        is_counted
        and order_id is not null

),

sold as (

    select coalesce(sum(ledger_lines.item_amount), 0) as item_amount
    from ledger_lines
    inner join orders
        on ledger_lines.order_id = orders.order_id
    where
        ledger_lines.line_kind = 'sale'
        and ledger_lines.is_merchandise

),

discounted as (

    select coalesce(sum(orders.discount_amount), 0) as discount_amount
    from orders
    cross join settings
    where settings.is_order_discount_subtracted

),

int_shop__measure_raw_money as (

    select
        {{ money('paid.paid_amount') }} as paid_amount,
        case
            when paid.payment_count > 0
                then {{ money('paid.paid_amount') }}
            else {{ money('sold.item_amount - discounted.discount_amount') }}
        end as order_amount
    from paid
    cross join sold
    cross join discounted

)

select * from int_shop__measure_raw_money

{# One row per place where the sum paid can be read, and per reason for which
   the marts leave orders out: what is in a mart and what it leaves out come to
   what was paid in the raw files, and to what orders came to. Guests' orders are
   left out of marts of customers only. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

payments as (

    select * from {{ ref('payments') }}

),

conformed_payments as (

    select * from {{ conformed('payments') }}

),

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

orders_monthly as (

    select * from {{ ref('orders_monthly') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

listed_orders as (

    select
        *,
        order_status in (
            select {{ listed_value('order_statuses.order_status') }}
            from order_statuses
        ) as is_listed
    from orders

),

readings as (

    select
        1 as reading_number,
        'layer' as reading_kind,
        'conformed payments' as reading_name,
        count(distinct order_id) as order_count,
        coalesce(sum(paid_amount), 0) as paid_amount,
        null as order_amount
    from conformed_payments
    union all
    select
        2 as reading_number,
        'layer' as reading_kind,
        'canonical.payments' as reading_name,
        count(distinct order_id) as order_count,
        coalesce(sum(paid_amount), 0) as paid_amount,
        null as order_amount
    from payments
    union all
    select
        3 as reading_number,
        'layer' as reading_kind,
        'canonical.orders' as reading_name,
        count(*) as order_count,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from orders
    union all
    select
        4 as reading_number,
        'mart' as reading_kind,
        'marts.customer_rfm' as reading_name,
        coalesce(sum(frequency), 0) as order_count,
        coalesce(
            sum(
                case
                    when {{ has_capability('payments') }}
                        then monetary_amount
                end
            ),
            0
        ) as paid_amount,
        coalesce(sum(monetary_amount), 0) as order_amount
    from customer_rfm
    union all
    select
        5 as reading_number,
        'mart' as reading_kind,
        'marts.orders_monthly' as reading_name,
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(paid_amount), 0) as paid_amount,
        coalesce(sum(order_amount), 0) as order_amount
    from orders_monthly
    union all
    select
        6 as reading_number,
        'left out' as reading_kind,
        'canceled or unavailable' as reading_name,
        count(*) as order_count,
        coalesce(sum(paid_amount), 0) as paid_amount,
        coalesce(sum(order_amount), 0) as order_amount
    from listed_orders
    where
        is_listed
        and not is_valid_order
        and invalid_reason is null
        and ordered_at < {{ date_literal(as_of_date()) }}
    union all
    select
        7 as reading_number,
        'left out' as reading_kind,
        'on or after the as-of date' as reading_name,
        count(*) as order_count,
        coalesce(sum(paid_amount), 0) as paid_amount,
        coalesce(sum(order_amount), 0) as order_amount
    from orders
    where ordered_at >= {{ date_literal(as_of_date()) }}
    union all
    select
        8 as reading_number,
        'left out' as reading_kind,
        'status not in the list' as reading_name,
        count(*) as order_count,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from listed_orders
    where
        not is_listed
        and not is_valid_order
        and invalid_reason is null
        and ordered_at < {{ date_literal(as_of_date()) }}
    having count(*) > 0
    union all
    select
        9 as reading_number,
        'left out' as reading_kind,
        'order or its customer not in the files' as reading_name,
        count(distinct order_id) as order_count,
        sum(paid_amount) as paid_amount,
        null as order_amount
    from payments
    where order_id not in (select orders.order_id from orders)
    having count(*) > 0
    union all
    select
        10 + row_number() over (order by invalid_reason) as reading_number,
        'left out' as reading_kind,
        invalid_reason as reading_name,
        count(*) as order_count,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from orders
    where
        invalid_reason is not null
        and ordered_at < {{ date_literal(as_of_date()) }}
    group by invalid_reason
    union all
    select
        10 as reading_number,
        'left out of marts of customers' as reading_kind,
        'orders of guests' as reading_name,
        count(*) as order_count,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from orders
    where
        customer_id is null
        and is_valid_order
        and ordered_at < {{ date_literal(as_of_date()) }}
    having count(*) > 0

),

money_reconciliation as (

    select
        cast(reading_number as integer) as reading_number,
        cast(reading_kind as varchar) as reading_kind,
        cast(reading_name as varchar) as reading_name,
        cast(order_count as integer) as order_count,
        {{ money('paid_amount') }} as paid_amount,
        {{ money('order_amount') }} as order_amount
    from readings

)

select * from money_reconciliation

{# One row per order placed in the last months before the as-of date and
   delivered, before that date, days after it was promised; canceled ones are
   left out. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

sellers_per_order as (

    select
        order_id,
        count(distinct seller_id) as seller_count,
        min(seller_id) as first_seller_id
    from order_items
    group by order_id

),

delivered_recent_orders as (

    select
        orders.*,
        {{ days_between(
            'orders.estimated_delivery_date', 'orders.delivered_at'
        ) }} as late_days
    from orders
    inner join order_statuses
        on
            orders.order_status
            = {{ listed_value('order_statuses.order_status') }}
    where
        not order_statuses.is_canceled
        and orders.ordered_at >= {{ add_months(
            date_literal(as_of_date()), -var('late_order_window_months')
        ) }}
        and orders.ordered_at < {{ date_literal(as_of_date()) }}
        and orders.delivered_at < {{ date_literal(as_of_date()) }}

),

late_recent_orders as (

    select
        delivered_recent_orders.order_id,
        delivered_recent_orders.customer_id,
        delivered_recent_orders.ordered_at,
        delivered_recent_orders.delivered_at,
        delivered_recent_orders.estimated_delivery_date,
        cast(delivered_recent_orders.late_days as integer) as late_days,
        delivered_recent_orders.state,
        delivered_recent_orders.paid_amount,
        delivered_recent_orders.order_amount,
        cast(coalesce(sellers_per_order.seller_count, 0) as integer)
            as seller_count,
        case
            when sellers_per_order.seller_count = 1
                then sellers_per_order.first_seller_id
        end as seller_id
    from delivered_recent_orders
    left join sellers_per_order
        on delivered_recent_orders.order_id = sellers_per_order.order_id
    where
        delivered_recent_orders.late_days
        >= {{ var('late_order_least_days') }}

)

select * from late_recent_orders

{# Valid or not: none is lost and none is counted as both. #}
with

counted as (

    select sum(order_count + invalid_order_count) as order_count
    from {{ ref('orders_daily') }}

),

orders as (

    select count(*) as order_count
    from {{ ref('orders') }}
    where ordered_at < {{ date_literal(as_of_date()) }}

)

select
    counted.order_count as order_count_here,
    orders.order_count as order_count_there
from counted
cross join orders
where coalesce(counted.order_count, 0) is distinct from orders.order_count

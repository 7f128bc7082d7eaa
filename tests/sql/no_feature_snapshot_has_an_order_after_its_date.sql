{# Recounted from the orders, not from the snapshot's own columns. #}
with

snapshots as (

    select * from {{ ref('customer_feature_snapshots') }}

),

counted as (

    select
        as_of_dates.as_of_date,
        count(distinct orders.customer_id) as customer_count,
        count(*) as order_count,
        sum(orders.order_amount) as paid_amount
    from {{ ref('as_of_dates') }} as as_of_dates
    inner join {{ ref('orders') }} as orders
        on as_of_dates.as_of_date > orders.ordered_at
    where
        orders.customer_id is not null
        and orders.has_merchandise
    group by as_of_dates.as_of_date

),

summed as (

    select
        as_of_date,
        count(*) as customer_count,
        sum(order_count) as order_count,
        sum(paid_amount) as paid_amount
    from snapshots
    group by as_of_date

)

select counted.as_of_date
from counted
left join summed
    on counted.as_of_date = summed.as_of_date
where
    counted.customer_count is distinct from summed.customer_count
    or counted.order_count is distinct from summed.order_count
    or counted.paid_amount is distinct from summed.paid_amount

{# One row: from when to when there are orders, as one could have known it on
   the as-of date, hence of orders before it only. Labels are known up to the
   end of the data: the day after the last order. Orders dated far away from the
   others are left aside (usual_order_range); the load says which they are, by
   the same rule. -#}
{{ config(pre_hook="{{ require_orders_before_as_of_date() }}") }}
with

orders as (

    select * from {{ ref('orders') }}

),

order_days as (

    select
        cast(ordered_at as date) as order_date,
        count(*) as order_count
    from orders
    where ordered_at < {{ date_literal(as_of_date()) }}
    group by cast(ordered_at as date)

),

usual_days as (

    {{ usual_order_range('order_days') }}

),

data_range as (

    select
        {{ date_literal(as_of_date()) }} as as_of_date,
        first_order_date,
        last_order_date,
        cast({{ add_days('last_order_date', 1) }} as date)
            as end_of_data_date,
        cast(
            {{ days_between('last_order_date', date_literal(as_of_date())) }}
            as integer
        ) as quiet_days
    from usual_days

)

select * from data_range

{# One row per calendar day from the first order to the day before the as-of
   date, days without an order too, so that a line over them shows the gaps.
   Counts and money are of valid orders, as in orders_monthly. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

known_orders as (

    select
        *,
        cast(ordered_at as date) as order_date
    from orders
    where ordered_at < {{ date_literal(as_of_date()) }}

),

valid_orders as (

    select
        *,
        row_number() over (
            partition by customer_id order by ordered_at asc, order_id asc
        ) as order_number
    from known_orders
    where is_valid_order

),

opening as (

    select min(order_date) as first_order_date from known_orders

),

calendar as (

    select
        {{ each_day(
            'first_order_date', add_days(date_literal(as_of_date()), -1)
        ) }} as order_date
    from opening

),

valid_orders_per_day as (

    select
        order_date,
        count(*) as order_count,
        count(distinct customer_id) as customer_count,
        count(case when order_number = 1 then customer_id end)
            as new_customer_count,
        sum(item_count) as item_count,
        sum(item_amount) as item_amount,
        sum(freight_amount) as freight_amount,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from valid_orders
    group by order_date

),

invalid_orders_per_day as (

    select
        order_date,
        count(*) as invalid_order_count
    from known_orders
    where not is_valid_order
    group by order_date

),

orders_daily as (

    select
        calendar.order_date,
        cast(coalesce(valid_orders_per_day.order_count, 0) as integer)
            as order_count,
        cast(coalesce(valid_orders_per_day.customer_count, 0) as integer)
            as customer_count,
        cast(coalesce(valid_orders_per_day.new_customer_count, 0) as integer)
            as new_customer_count,
        cast(coalesce(valid_orders_per_day.item_count, 0) as integer)
            as item_count,
        {{ money('coalesce(valid_orders_per_day.item_amount, 0)') }}
            as item_amount,
        {{ money('coalesce(valid_orders_per_day.freight_amount, 0)') }}
            as freight_amount,
        {{ money('coalesce(valid_orders_per_day.paid_amount, 0)') }}
            as paid_amount,
        {{ money('coalesce(valid_orders_per_day.order_amount, 0)') }}
            as order_amount,
        {{ ratio(
            'valid_orders_per_day.order_amount',
            'valid_orders_per_day.order_count',
        ) }} as average_order_amount,
        cast(
            coalesce(invalid_orders_per_day.invalid_order_count, 0) as integer
        ) as invalid_order_count,
        avg(cast(
            coalesce(valid_orders_per_day.order_count, 0)
            as {{ type_double() }}
        )) over (
            order by calendar.order_date asc
            rows between 6 preceding and current row
        ) as week_mean_order_count,
        calendar.order_date >= {{ date_literal(window_start_date()) }}
            as is_in_window
    from calendar
    left join valid_orders_per_day
        on calendar.order_date = valid_orders_per_day.order_date
    left join invalid_orders_per_day
        on calendar.order_date = invalid_orders_per_day.order_date

)

select * from orders_daily

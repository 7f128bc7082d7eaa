{# One row: from when to when there are orders, as one could have known it on
   the as-of date, hence of orders before it only. Labels are known up to the
   end of the data: the day after the last order. Orders dated far away from the
   others (a typing error, a date of 1970 that stands for none) are left aside:
   they lie beyond far_order_gap_days without an order, and are at most
   far_order_share of all, or less than half of them beyond ten years or on one
   day, the one with most orders: a default for no date. The load says which
   they are, by the same rule (loading/odd_dates.py). -#}
{{ config(pre_hook="{{ require_orders_before_as_of_date() }}") }}
{%- set far_days = var('far_order_gap_days') -%}
{%- set far_share = var('far_order_share') -%}
{%- set ages_days, min_repeated, min_share = 3653, 5, 0.9 -%}
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

sequenced_days as (

    select
        order_date,
        lag(order_date) over (order by order_date asc) as former_order_date,
        lead(order_date) over (order by order_date asc) as next_order_date,
        sum(order_count) over (
            order by order_date asc
            rows between unbounded preceding and current row
        ) as order_count_so_far,
        sum(order_count) over (
            order by order_date asc
            rows between current row and unbounded following
        ) as order_count_from_here,
        sum(order_count) over () as order_count,
        order_count as day_order_count,
        max(order_count) over () as most_day_order_count
    from order_days

),

far_days as (

    select
        max(
            case
                when
                    {{ days_between('order_date', 'next_order_date') }}
                    > {{ far_days }}
                    and order_count_so_far <= {{ far_share }} * order_count
                    then order_date
                when
                    {{ days_between('order_date', 'next_order_date') }}
                    > {{ ages_days }}
                    and 2 * order_count_so_far < order_count
                    then order_date
                when
                    {{ days_between('order_date', 'next_order_date') }}
                    > {{ far_days }}
                    and 2 * order_count_so_far < order_count
                    and day_order_count = most_day_order_count
                    and day_order_count >= {{ min_repeated }}
                    and day_order_count
                    >= {{ min_share }} * order_count_so_far
                    then order_date
            end
        ) as last_early_date,
        min(
            case
                when
                    {{ days_between('former_order_date', 'order_date') }}
                    > {{ far_days }}
                    and order_count_from_here <= {{ far_share }} * order_count
                    then order_date
                when
                    {{ days_between('former_order_date', 'order_date') }}
                    > {{ ages_days }}
                    and 2 * order_count_from_here < order_count
                    then order_date
                when
                    {{ days_between('former_order_date', 'order_date') }}
                    > {{ far_days }}
                    and 2 * order_count_from_here < order_count
                    and day_order_count = most_day_order_count
                    and day_order_count >= {{ min_repeated }}
                    and day_order_count
                    >= {{ min_share }} * order_count_from_here
                    then order_date
            end
        ) as first_late_date
    from sequenced_days

),

usual_days as (

    select
        min(order_days.order_date) as first_order_date,
        max(order_days.order_date) as last_order_date
    from order_days
    cross join far_days
    where
        (
            far_days.last_early_date is null
            or order_days.order_date > far_days.last_early_date
        )
        and (
            far_days.first_late_date is null
            or order_days.order_date < far_days.first_late_date
        )

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

{# One row per warning about orders, the days on which they were placed, and
   the people who placed them. A day at the end of the data is thin if it has
   less than half of the orders that are usual for its weekday, as is every day
   after it: half of the median over eight weeks that end two weeks before the
   end of the data. An order is under way if it was placed in the last 30 days
   and had not arrived by the as-of date. A status is one of delivered orders
   if more than half of its orders have a date of delivery. -#}
{%- set recent_days, usual_days, under_way_days = 14, 56, 30 -%}
{%- set day_seconds = 24 * 60 * 60 -%}
{%- set as_of = date_literal(as_of_date()) -%}
with

orders as (

    select * from {{ ref('orders') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

payments as (

    select * from {{ ref('payments') }}

),

postal_codes as (

    select * from {{ ref('postal_codes') }}

),

data_range as (

    select * from {{ ref('data_range') }}

),

delivered_statuses as (

    select order_status
    from orders
    group by order_status
    having 2 * count(delivered_at) > count(*)

),

judged_orders as (

    select
        *,
        order_id in (select order_items.order_id from order_items)
            as has_items,
        order_id in (select payments.order_id from payments)
            as has_payments,
        order_status in (
            select delivered_statuses.order_status from delivered_statuses
        ) as is_delivered,
        postal_code in (select postal_codes.postal_code from postal_codes)
            as is_located,
        is_valid_order
        and ordered_at >= {{ add_days(as_of, -under_way_days) }}
        and ordered_at < {{ as_of }} as is_recent,
        lag(ordered_at) over (
            partition by customer_id order by ordered_at, order_id
        ) as former_ordered_at,
        count(*) over (partition by customer_id, ordered_at)
            as same_moment_count
    from orders

),

people as (

    select
        customer_id,
        count(*) as order_count,
        count(distinct postal_code) as postal_code_count,
        count(distinct country) as country_count
    from orders
    where customer_id is not null
    group by customer_id

),

calendar as (

    select
        {{ each_day(
            "case when first_order_date > " ~ date_literal(window_start_date())
            ~ " then first_order_date else " ~ date_literal(window_start_date())
            ~ " end",
            add_days('end_of_data_date', -1)
        ) }} as order_date,
        end_of_data_date
    from data_range

),

orders_per_day as (

    select
        cast(ordered_at as date) as order_date,
        count(*) as order_count
    from orders
    group by cast(ordered_at as date)

),

days as (

    select
        calendar.order_date,
        coalesce(orders_per_day.order_count, 0) as order_count,
        {{ days_between('calendar.order_date', 'calendar.end_of_data_date') }}
            as days_to_end
    from calendar
    left join orders_per_day
        on calendar.order_date = orders_per_day.order_date

),

usual_weekdays as (

    select
        days_to_end % 7 as weekday_number,
        {{ median('order_count') }} as usual_count
    from days
    where
        days_to_end > {{ recent_days }}
        and days_to_end <= {{ recent_days + usual_days }}
    group by days_to_end % 7

),

recent_days as (

    select
        days.days_to_end,
        2 * days.order_count < usual_weekdays.usual_count as is_thin
    from days
    inner join usual_weekdays
        on days.days_to_end % 7 = usual_weekdays.weekday_number
    where days.days_to_end <= {{ recent_days }}

),

end_days as (

    select
        days_to_end,
        days_to_end < coalesce(
            (
                select min(usual_days.days_to_end)
                from recent_days as usual_days
                where not usual_days.is_thin
            ),
            days_to_end + 1
        ) as is_thin_to_the_end
    from recent_days

),

count_order_warnings as (

    {{ count_warning(
        'orders_without_items', 'judged_orders', 'not has_items',
        amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'orders_without_payment', 'judged_orders', 'not has_payments',
        amount='item_amount'
    ) }}
    union all
    {{ count_warning(
        'invalid_orders_with_money', 'judged_orders',
        'not is_valid_order and order_amount > 0', amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'orders_with_other_money', 'judged_orders', 'other_amount <> 0',
        amount='other_amount'
    ) }}
    union all
    {{ count_warning(
        'orders_of_guests', 'judged_orders', 'customer_id is null',
        amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'wholly_returned_orders', 'judged_orders', 'is_wholly_returned',
        amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'delivered_orders_without_date', 'judged_orders',
        'is_delivered and delivered_at is null', whole='is_delivered'
    ) }}
    union all
    {{ count_warning(
        'invalid_orders_with_delivery', 'judged_orders',
        'not is_valid_order and delivered_at is not null',
        whole='not is_valid_order', amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'delivered_orders_without_approval', 'judged_orders',
        'is_delivered and approved_at is null', whole='is_delivered'
    ) }}
    union all
    {{ count_warning(
        'shipped_before_approval', 'judged_orders', 'shipped_at < approved_at',
        whole='shipped_at is not null and approved_at is not null'
    ) }}
    union all
    {{ count_warning(
        'delivered_before_shipment', 'judged_orders',
        'delivered_at < shipped_at',
        whole='delivered_at is not null and shipped_at is not null'
    ) }}
    union all
    {{ count_warning(
        'recent_orders_under_way', 'judged_orders',
        'is_recent and (delivered_at is null or delivered_at >= ' ~ as_of ~ ')',
        whole='is_recent', amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'orders_without_known_place', 'judged_orders',
        'postal_code is not null and not is_located',
        whole='postal_code is not null'
    ) }}
    union all
    {{ count_warning(
        'orders_within_a_day', 'judged_orders',
        'customer_id is not null and '
        ~ seconds_between('former_ordered_at', 'ordered_at')
        ~ ' < ' ~ day_seconds,
        whole='customer_id is not null and former_ordered_at is not null'
    ) }}
    union all
    {{ count_warning(
        'orders_at_the_same_moment', 'judged_orders',
        'customer_id is not null and same_moment_count > 1',
        whole='customer_id is not null', amount='order_amount'
    ) }}
    union all
    {{ count_warning(
        'mostly_one_time_buyers', 'people',
        'order_count = 1 and (select ' ~ is_mostly_one('everybody.order_count')
        ~ ' from people as everybody)'
    ) }}
    union all
    {{ count_warning(
        'people_with_several_postal_codes', 'people', 'postal_code_count > 1'
    ) }}
    union all
    {{ count_warning(
        'people_with_several_countries', 'people', 'country_count > 1'
    ) }}
    union all
    {{ count_warning('days_without_orders', 'days', 'order_count = 0') }}
    union all
    {{ count_warning('thin_last_days', 'end_days', 'is_thin_to_the_end') }}

)

select * from count_order_warnings

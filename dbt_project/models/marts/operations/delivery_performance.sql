{# One row per state to which valid orders went and month in which they were
   placed; orders without a state have a row of their own. What was delivered is
   known up to the as-of date, so the latest months are judged by the orders
   that came quickly: see delivered_share. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

reviews as (

    select * from {{ ref('reviews') }}
    where answered_at < {{ date_literal(as_of_date()) }}

),

reviews_per_order as (

    select
        order_id,
        count(*) as review_count,
        sum(review_score) as review_score_sum
    from reviews
    group by order_id

),

valid_orders as (

    select
        *,
        coalesce(state, 'without state') as destination_state,
        cast({{ dbt.date_trunc('month', 'ordered_at') }} as date)
            as order_month_date,
        {{ days_between('ordered_at', 'estimated_delivery_date') }}
            as promised_days,
        case
            when delivered_at < {{ date_literal(as_of_date()) }}
                then delivered_at
        end as known_delivered_at
    from orders
    where
        is_valid_order
        and ordered_at < {{ date_literal(as_of_date()) }}

),

timed_orders as (

    select
        *,
        {{ seconds_between('ordered_at', 'known_delivered_at') }}
            as delivery_seconds,
        case
            when cast(known_delivered_at as date) > estimated_delivery_date
                then
                    {{ days_between(
                        'estimated_delivery_date', 'known_delivered_at'
                    ) }}
        end as late_days
    from valid_orders

),

deliveries as (

    select
        timed_orders.destination_state as state,
        timed_orders.order_month_date,
        count(*) as order_count,
        count(timed_orders.delivery_seconds) as delivered_order_count,
        sum(timed_orders.delivery_seconds) as delivery_seconds,
        {{ median('timed_orders.delivery_seconds') }}
            as median_delivery_seconds,
        count(timed_orders.promised_days) as promised_order_count,
        sum(timed_orders.promised_days) as promised_days,
        count(timed_orders.late_days) as late_order_count,
        sum(timed_orders.late_days) as late_days,
        sum(reviews_per_order.review_count) as review_count,
        sum(reviews_per_order.review_score_sum) as review_score_sum,
        sum(timed_orders.item_amount) as item_amount,
        sum(timed_orders.freight_amount) as freight_amount
    from timed_orders
    left join reviews_per_order
        on timed_orders.order_id = reviews_per_order.order_id
    group by timed_orders.destination_state, timed_orders.order_month_date

),

delivery_performance as (

    select
        state,
        order_month_date,
        cast(order_count as integer) as order_count,
        cast(delivered_order_count as integer) as delivered_order_count,
        {{ ratio('delivered_order_count', 'order_count') }} as delivered_share,
        {{ ratio('delivery_seconds', '86400 * delivered_order_count') }}
            as average_delivery_days,
        {{ ratio('median_delivery_seconds', '86400') }}
            as median_delivery_days,
        {{ ratio('promised_days', 'promised_order_count') }}
            as average_promised_days,
        cast(late_order_count as integer) as late_order_count,
        {{ ratio('late_order_count', 'delivered_order_count') }} as late_share,
        {{ ratio('late_days', 'late_order_count') }} as average_late_days,
        cast(coalesce(review_count, 0) as integer) as review_count,
        {{ ratio('review_score_sum', 'review_count') }} as average_review_score,
        {{ ratio('freight_amount', 'item_amount + freight_amount') }}
            as freight_share
    from deliveries

)

select * from delivery_performance

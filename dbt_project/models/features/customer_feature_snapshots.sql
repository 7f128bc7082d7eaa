{# One row per person and as-of date T, for everybody who ordered before T. Only
   facts known strictly before T: an order's state at T is told by its
   timestamps (final statuses came later), a review counts once answered. -#}
with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

orders as (

    select * from {{ ref('orders') }}

),

reviews as (

    select * from {{ ref('reviews') }}

),

known_orders as (

    select
        orders.customer_id,
        as_of_dates.as_of_date,
        orders.order_id,
        orders.ordered_at,
        orders.item_count,
        orders.item_amount,
        orders.freight_amount,
        orders.paid_amount,
        orders.installment_count,
        orders.estimated_delivery_date,
        orders.state,
        case
            when orders.delivered_at < as_of_dates.as_of_date
                then orders.delivered_at
        end as delivered_at
    from orders
    inner join as_of_dates
        on orders.ordered_at < as_of_dates.as_of_date

),

numbered_orders as (

    select
        *,
        row_number() over (
            partition by customer_id, as_of_date
            order by ordered_at desc, order_id desc
        ) as order_number_from_last
    from known_orders

),

order_features as (

    select
        customer_id,
        as_of_date,
        count(*) as order_count,
        count(distinct cast(ordered_at as date)) as purchase_day_count,
        {{ days_between('max(ordered_at)', 'as_of_date') }} as recency_days,
        {{ days_between('min(ordered_at)', 'as_of_date') }} as tenure_days,
        sum(item_count) as item_count,
        sum(paid_amount) as paid_amount,
        max(paid_amount) as largest_order_amount,
        {{ ratio('sum(paid_amount)', 'count(*)') }} as average_order_amount,
        {{ ratio('sum(freight_amount)', 'sum(item_amount + freight_amount)') }}
            as freight_share,
        {{ ratio('sum(installment_count)', 'count(installment_count)') }}
            as average_installment_count,
        count(delivered_at) as delivered_order_count,
        count(*) - count(delivered_at) as open_order_count,
        {{ ratio(
            'sum(' ~ seconds_between('ordered_at', 'delivered_at') ~ ')',
            'count(delivered_at) * 86400'
        ) }} as average_delivery_days,
        {{ ratio(
            'sum(case when cast(delivered_at as date)
                > estimated_delivery_date then 1 else 0 end)',
            'count(delivered_at)'
        ) }} as late_delivery_share,
        {{ ratio(
            'sum(case when ' ~ is_weekend('ordered_at')
            ~ ' then 1 else 0 end)',
            'count(*)'
        ) }} as weekend_order_share,
        max(case when order_number_from_last = 1 then state end) as state
    from numbered_orders
    group by customer_id, as_of_date

),

review_features as (

    select
        orders.customer_id,
        as_of_dates.as_of_date,
        count(*) as review_count,
        {{ ratio('sum(reviews.review_score)', 'count(reviews.review_score)') }}
            as average_review_score,
        min(reviews.review_score) as lowest_review_score
    from reviews
    inner join orders
        on reviews.order_id = orders.order_id
    inner join as_of_dates
        on
            reviews.answered_at < as_of_dates.as_of_date
            and orders.ordered_at < as_of_dates.as_of_date
    group by orders.customer_id, as_of_dates.as_of_date

),

customer_feature_snapshots as (

    select
        order_features.customer_id,
        order_features.as_of_date,
        cast(order_features.order_count as integer) as order_count,
        cast(order_features.purchase_day_count as integer)
            as purchase_day_count,
        cast(order_features.recency_days as integer) as recency_days,
        cast(order_features.tenure_days as integer) as tenure_days,
        cast(order_features.item_count as integer) as item_count,
        {{ money('order_features.paid_amount') }} as paid_amount,
        order_features.average_order_amount,
        {{ money('order_features.largest_order_amount') }}
            as largest_order_amount,
        order_features.freight_share,
        order_features.average_installment_count,
        cast(order_features.delivered_order_count as integer)
            as delivered_order_count,
        cast(order_features.open_order_count as integer) as open_order_count,
        order_features.average_delivery_days,
        order_features.late_delivery_share,
        order_features.weekend_order_share,
        cast(coalesce(review_features.review_count, 0) as integer)
            as review_count,
        review_features.average_review_score,
        cast(review_features.lowest_review_score as integer)
            as lowest_review_score,
        order_features.state
    from order_features
    left join review_features
        on
            order_features.customer_id = review_features.customer_id
            and order_features.as_of_date = review_features.as_of_date

)

select * from customer_feature_snapshots

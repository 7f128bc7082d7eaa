{# One row per person and as-of date T, for everybody who ordered before T. Only
   facts known strictly before T: an order's state at T is told by its
   timestamps (final statuses came later), a review counts once answered.
   Incremental: rows of people whose facts changed and of dates no longer asked
   for go first (forget_stale_rows), then what is missing is worked out. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook='{{ forget_stale_rows() }}',
    post_hook='{{ remember_facts() }}',
) }}
{%- set supplied, double = supplied_features(), type_double() -%}
with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

customer_fact_digests as (

    select * from {{ ref('customer_fact_digests') }}

),

order_facts as (

    select * from {{ ref('order_facts') }}

),

reviews as (

    select * from {{ ref('reviews') }}

),

missing_rows as (

    select
        customer_fact_digests.customer_id,
        as_of_dates.as_of_date
    from customer_fact_digests
    inner join as_of_dates
        on customer_fact_digests.first_ordered_at < as_of_dates.as_of_date
    {% if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as snapshots
            where
                snapshots.customer_id = customer_fact_digests.customer_id
                and snapshots.as_of_date = as_of_dates.as_of_date
        )
    {% endif %}

),

orders_at_date as (

    select
        order_facts.*,
        missing_rows.as_of_date,
        coalesce(order_facts.next_ordered_at >= missing_rows.as_of_date, true)
            as is_latest,
        coalesce(order_facts.approved_at < missing_rows.as_of_date, false)
            as is_approved,
        coalesce(order_facts.shipped_at < missing_rows.as_of_date, false)
            as is_shipped,
        coalesce(order_facts.delivered_at < missing_rows.as_of_date, false)
            as is_delivered
    from missing_rows
    inner join order_facts
        on
            missing_rows.customer_id = order_facts.customer_id
            and missing_rows.as_of_date > order_facts.ordered_at

),

lateness_at_date as (

    select
        *,
        {{ days_between(
            'estimated_delivery_date',
            'case when is_delivered then delivered_at else as_of_date end'
        ) }} as late_days
    from orders_at_date

),

order_features as (

    select
        customer_id,
        as_of_date,
        {{ days_between('max(ordered_at)', 'as_of_date') }} as recency_days,
        {{ days_between('min(ordered_at)', 'as_of_date') }} as tenure_days,
        count(*) as order_count,
        sum(new_purchase_day_count) as purchase_day_count,
        sum(item_count) as item_count,
        sum(new_product_count) as product_count,
        sum(new_category_count) as category_count,
        sum(new_seller_count) as seller_count,
        sum(paid_amount) as paid_amount,
        {{ ratio('sum(paid_amount)', 'count(*)') }} as average_order_amount,
        max(paid_amount) as largest_order_amount,
        {{ ratio('sum(freight_amount)', 'sum(item_amount + freight_amount)') }}
            as freight_share,
        {{ ratio('sum(installment_count)', 'count(installment_count)') }}
            as average_installment_count,
        {{ ratio('sum(voucher_amount)', 'sum(paid_amount)') }} as voucher_share,
        sum(case when is_delivered then 1 else 0 end) as delivered_order_count,
        sum(case when is_delivered then 0 else 1 end) as open_order_count,
        sum(
            case
                when is_approved or is_shipped or is_delivered then 0
                else 1
            end
        ) as unapproved_order_count,
        sum(case when is_shipped or is_delivered then 0 else 1 end)
            as unshipped_order_count,
        sum(case when not is_delivered and late_days > 0 then 1 else 0 end)
            as overdue_order_count,
        {{ ratio(
            'sum(case when is_delivered then '
            ~ seconds_between('ordered_at', 'delivered_at') ~ ' end)',
            'sum(case when is_delivered then 86400 end)'
        ) }} as average_delivery_days,
        {{ ratio(
            'sum(case when is_delivered and late_days > 0 then 1 else 0 end)',
            'sum(case when is_delivered then 1 else 0 end)'
        ) }} as late_delivery_share,
        max(
            case
                when late_days > 0 then late_days
                when late_days <= 0 then 0
            end
        ) as worst_late_days,
        {{ ratio(
            'sum(case when ' ~ is_weekend('ordered_at')
            ~ ' then 1 else 0 end)',
            'count(*)'
        ) }} as weekend_order_share,
        {{ months_between('max(ordered_at)', 'as_of_date') }}
            as last_order_months,
        {{ months_between(
            'max(case when is_latest then previous_ordered_at end)',
            'as_of_date'
        ) }} as second_last_order_months,
        {{ months_between(
            'max(case when is_latest then second_previous_ordered_at end)',
            'as_of_date'
        ) }} as third_last_order_months,
        {{ ratio(
            days_between('min(ordered_at)', 'max(ordered_at)'),
            'sum(new_purchase_day_count) - 1'
        ) }} as average_gap_days,
        max(case when is_latest then gap_days end) as last_gap_days,
        {{ ratio('sum(seller_distance_km)', 'count(seller_distance_km)') }}
            as average_seller_distance_km,
        max(case when is_latest then postal_code end) as postal_code,
        max(case when is_latest then city end) as city,
        max(case when is_latest then state end) as state
    from lateness_at_date
    group by customer_id, as_of_date

),

review_features as (

    select
        missing_rows.customer_id,
        missing_rows.as_of_date,
        count(*) as review_count,
        {{ ratio('sum(reviews.review_score)', 'count(*)') }}
            as average_review_score,
        min(reviews.review_score) as lowest_review_score,
        {{ ratio(
            'sum(case when reviews.is_commented then 1 else 0 end)', 'count(*)'
        ) }} as commented_share
    from missing_rows
    inner join order_facts
        on
            missing_rows.customer_id = order_facts.customer_id
            and missing_rows.as_of_date > order_facts.ordered_at
    inner join reviews
        on
            order_facts.order_id = reviews.order_id
            and missing_rows.as_of_date > reviews.answered_at
    group by missing_rows.customer_id, missing_rows.as_of_date

),

features as (

    select
        order_features.*,
        coalesce(review_features.review_count, 0) as review_count,
        review_features.average_review_score,
        review_features.lowest_review_score,
        review_features.commented_share
    from order_features
    left join review_features
        on
            order_features.customer_id = review_features.customer_id
            and order_features.as_of_date = review_features.as_of_date

),

customer_feature_snapshots as (

    select
        customer_id,
        as_of_date,
        {{ feature_column(supplied, 'recency_days', 'integer') }}
            as recency_days,
        {{ feature_column(supplied, 'tenure_days', 'integer') }} as tenure_days,
        {{ feature_column(supplied, 'order_count', 'integer') }} as order_count,
        {{ feature_column(supplied, 'purchase_day_count', 'integer') }}
            as purchase_day_count,
        {{ feature_column(supplied, 'item_count', 'integer') }} as item_count,
        {{ feature_column(supplied, 'product_count', 'integer') }}
            as product_count,
        {{ feature_column(supplied, 'category_count', 'integer') }}
            as category_count,
        {{ feature_column(supplied, 'seller_count', 'integer') }}
            as seller_count,
        {{ feature_column(supplied, 'paid_amount', 'decimal(18, 2)') }}
            as paid_amount,
        {{ feature_column(supplied, 'average_order_amount', double) }}
            as average_order_amount,
        {{ feature_column(supplied, 'largest_order_amount', 'decimal(18, 2)') }}
            as largest_order_amount,
        {{ feature_column(supplied, 'freight_share', double) }}
            as freight_share,
        {{ feature_column(supplied, 'average_installment_count', double) }}
            as average_installment_count,
        {{ feature_column(supplied, 'voucher_share', double) }}
            as voucher_share,
        {{ feature_column(supplied, 'review_count', 'integer') }}
            as review_count,
        {{ feature_column(supplied, 'average_review_score', double) }}
            as average_review_score,
        {{ feature_column(supplied, 'lowest_review_score', 'integer') }}
            as lowest_review_score,
        {{ feature_column(supplied, 'commented_share', double) }}
            as commented_share,
        {{ feature_column(supplied, 'delivered_order_count', 'integer') }}
            as delivered_order_count,
        {{ feature_column(supplied, 'open_order_count', 'integer') }}
            as open_order_count,
        {{ feature_column(supplied, 'unapproved_order_count', 'integer') }}
            as unapproved_order_count,
        {{ feature_column(supplied, 'unshipped_order_count', 'integer') }}
            as unshipped_order_count,
        {{ feature_column(supplied, 'overdue_order_count', 'integer') }}
            as overdue_order_count,
        {{ feature_column(supplied, 'average_delivery_days', double) }}
            as average_delivery_days,
        {{ feature_column(supplied, 'late_delivery_share', double) }}
            as late_delivery_share,
        {{ feature_column(supplied, 'worst_late_days', 'integer') }}
            as worst_late_days,
        {{ feature_column(supplied, 'weekend_order_share', double) }}
            as weekend_order_share,
        {{ feature_column(supplied, 'last_order_months', double) }}
            as last_order_months,
        {{ feature_column(supplied, 'second_last_order_months', double) }}
            as second_last_order_months,
        {{ feature_column(supplied, 'third_last_order_months', double) }}
            as third_last_order_months,
        {{ feature_column(supplied, 'average_gap_days', double) }}
            as average_gap_days,
        {{ feature_column(supplied, 'last_gap_days', 'integer') }}
            as last_gap_days,
        {{ feature_column(supplied, 'average_seller_distance_km', double) }}
            as average_seller_distance_km,
        {{ feature_column(supplied, 'postal_code', 'varchar') }} as postal_code,
        {{ feature_column(supplied, 'city', 'varchar') }} as city,
        {{ feature_column(supplied, 'state', 'varchar') }} as state
    from features

)

select * from customer_feature_snapshots

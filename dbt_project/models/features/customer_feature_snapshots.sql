{# One row per person and as-of date T, for everybody who ordered before T. Only
   facts known strictly before T: an order's state at T is told by its
   timestamps (final statuses came later), a review counts once answered.
   Running totals per person stand until the person's next event, so a row is
   the totals that stood at T: after the latest order, delivery, review and return.
   Incremental: rows of people whose facts changed and of dates no longer asked
   for go first (forget_stale_rows), then what is missing is worked out. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_stale_rows(
        ref('as_of_dates'), ref('customer_fact_digests'),
        settings=supplied_features() | join(' ')
    ) }}",
    post_hook="{{ remember_facts(
        ref('customer_fact_digests'), settings=supplied_features() | join(' ')
    ) }}",
) }}
{%- set supplied, double = supplied_features(), type_double() -%}
{%- set forever = "cast('9999-12-31' as timestamp)" -%}
-- depends_on: {{ ref('customer_fact_digests') }}
with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

order_facts as (

    select * from {{ ref('order_facts') }}

),

reviews as (

    select * from {{ ref('reviews') }}

),

returns as (

    select * from {{ ref('returns') }}

),

placed_totals as (

    select
        customer_id,
        ordered_at,
        previous_ordered_at,
        second_previous_ordered_at,
        gap_days,
        postal_code,
        city,
        state,
        coalesce(next_ordered_at, {{ forever }}) as valid_until,
        min(ordered_at) over so_far as first_ordered_at,
        count(*) over so_far as order_count,
        sum(new_purchase_day_count) over so_far as purchase_day_count,
        sum(item_count) over so_far as item_count,
        sum(new_product_count) over so_far as product_count,
        sum(new_category_count) over so_far as category_count,
        sum(new_seller_count) over so_far as seller_count,
        sum(order_amount) over so_far as paid_amount,
        max(order_amount) over so_far as largest_order_amount,
        sum(freight_amount) over so_far as freight_amount,
        sum(item_amount) over so_far as item_amount,
        sum(installment_count) over so_far as installment_count,
        count(installment_count) over so_far as paid_order_count,
        sum(voucher_amount) over so_far as voucher_amount,
        sum(case when {{ is_weekend('ordered_at') }} then 1 else 0 end)
            over so_far as weekend_order_count,
        sum(seller_distance_km) over so_far as seller_distance_km,
        count(seller_distance_km) over so_far as located_order_count
    from order_facts
    window
        so_far as (
            partition by customer_id
            order by ordered_at asc, order_id asc
            rows between unbounded preceding and current row
        )

),

deliveries as (

    select
        customer_id,
        order_id,
        greatest(delivered_at, ordered_at) as known_at,
        {{ seconds_between('ordered_at', 'delivered_at') }}
            as delivery_seconds,
        {{ days_between('estimated_delivery_date', 'delivered_at') }}
            as late_days
    from order_facts
    where delivered_at is not null

),

delivered_totals as (

    select
        customer_id,
        known_at,
        coalesce(
            lead(known_at) over (
                partition by customer_id order by known_at asc, order_id asc
            ),
            {{ forever }}
        ) as valid_until,
        count(*) over so_far as delivered_order_count,
        sum(delivery_seconds) over so_far as delivery_seconds,
        sum(case when late_days > 0 then 1 else 0 end) over so_far
            as late_order_count,
        max(late_days) over so_far as worst_late_days
    from deliveries
    window
        so_far as (
            partition by customer_id
            order by known_at asc, order_id asc
            rows between unbounded preceding and current row
        )

),

open_orders as (

    select
        order_facts.customer_id,
        as_of_dates.as_of_date,
        coalesce(order_facts.approved_at < as_of_dates.as_of_date, false)
            as is_approved,
        coalesce(order_facts.shipped_at < as_of_dates.as_of_date, false)
            as is_shipped,
        {{ days_between(
            'order_facts.estimated_delivery_date', 'as_of_dates.as_of_date'
        ) }} as late_days
    from order_facts
    inner join as_of_dates
        on
            order_facts.ordered_at < as_of_dates.as_of_date
            and coalesce(
                order_facts.delivered_at >= as_of_dates.as_of_date, true
            )

),

open_totals as (

    select
        customer_id,
        as_of_date,
        count(*) as open_order_count,
        sum(case when is_approved or is_shipped then 0 else 1 end)
            as unapproved_order_count,
        sum(case when is_shipped then 0 else 1 end) as unshipped_order_count,
        sum(case when late_days > 0 then 1 else 0 end) as overdue_order_count,
        max(late_days) as worst_late_days
    from open_orders
    group by customer_id, as_of_date

),

answers as (

    select
        order_facts.customer_id,
        reviews.review_id,
        reviews.order_id,
        reviews.review_score,
        reviews.is_commented,
        greatest(reviews.answered_at, order_facts.ordered_at) as known_at
    from reviews
    inner join order_facts
        on reviews.order_id = order_facts.order_id
    where reviews.answered_at is not null

),

reviewed_totals as (

    select
        customer_id,
        known_at,
        coalesce(
            lead(known_at) over (
                partition by customer_id
                order by known_at asc, review_id asc, order_id asc
            ),
            {{ forever }}
        ) as valid_until,
        count(*) over so_far as review_count,
        sum(review_score) over so_far as review_score,
        min(review_score) over so_far as lowest_review_score,
        sum(case when is_commented then 1 else 0 end) over so_far
            as commented_count
    from answers
    window
        so_far as (
            partition by customer_id
            order by known_at asc, review_id asc, order_id asc
            rows between unbounded preceding and current row
        )

),

returned_lines as (

    select
        customer_id,
        return_id,
        min(returned_at) as known_at,
        sum(order_returned_amount) as returned_amount
    from returns
    where
        customer_id is not null
        and returned_at is not null
    group by customer_id, return_id
    having sum(order_returned_amount) > 0

),

returned_totals as (

    select
        customer_id,
        known_at,
        coalesce(
            lead(known_at) over (
                partition by customer_id order by known_at asc, return_id asc
            ),
            {{ forever }}
        ) as valid_until,
        count(*) over so_far as return_count,
        sum(returned_amount) over so_far as returned_amount
    from returned_lines
    window
        so_far as (
            partition by customer_id
            order by known_at asc, return_id asc
            rows between unbounded preceding and current row
        )

),

missing_rows as (

    select
        placed_totals.*,
        as_of_dates.as_of_date
    from placed_totals
    inner join as_of_dates
        on
            placed_totals.ordered_at < as_of_dates.as_of_date
            and placed_totals.valid_until >= as_of_dates.as_of_date
    {% if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as snapshots
            where
                snapshots.customer_id = placed_totals.customer_id
                and snapshots.as_of_date = as_of_dates.as_of_date
        )
    {% endif %}

),

features as (

    select
        missing_rows.customer_id,
        missing_rows.as_of_date,
        {{ days_between('missing_rows.ordered_at', 'missing_rows.as_of_date') }}
            as recency_days,
        {{ days_between(
            'missing_rows.first_ordered_at', 'missing_rows.as_of_date'
        ) }} as tenure_days,
        missing_rows.order_count,
        missing_rows.purchase_day_count,
        missing_rows.item_count,
        missing_rows.product_count,
        missing_rows.category_count,
        missing_rows.seller_count,
        missing_rows.paid_amount,
        {{ ratio('missing_rows.paid_amount', 'missing_rows.order_count') }}
            as average_order_amount,
        missing_rows.largest_order_amount,
        coalesce(returned_totals.return_count, 0) as return_count,
        {{ ratio(
            'coalesce(returned_totals.returned_amount, 0)',
            'missing_rows.paid_amount'
        ) }} as returned_share,
        missing_rows.paid_amount - coalesce(returned_totals.returned_amount, 0)
            as net_amount,
        {{ ratio(
            'missing_rows.freight_amount',
            'missing_rows.item_amount + missing_rows.freight_amount'
        ) }} as freight_share,
        {{ ratio(
            'missing_rows.installment_count', 'missing_rows.paid_order_count'
        ) }} as average_installment_count,
        {{ share_of(
            'missing_rows.voucher_amount', 'missing_rows.paid_amount'
        ) }} as voucher_share,
        coalesce(reviewed_totals.review_count, 0) as review_count,
        {{ ratio(
            'reviewed_totals.review_score', 'reviewed_totals.review_count'
        ) }} as average_review_score,
        reviewed_totals.lowest_review_score,
        {{ ratio(
            'reviewed_totals.commented_count', 'reviewed_totals.review_count'
        ) }} as commented_share,
        coalesce(delivered_totals.delivered_order_count, 0)
            as delivered_order_count,
        coalesce(open_totals.open_order_count, 0) as open_order_count,
        coalesce(open_totals.unapproved_order_count, 0)
            as unapproved_order_count,
        coalesce(open_totals.unshipped_order_count, 0)
            as unshipped_order_count,
        coalesce(open_totals.overdue_order_count, 0) as overdue_order_count,
        {{ ratio(
            'delivered_totals.delivery_seconds',
            'delivered_totals.delivered_order_count * 86400'
        ) }} as average_delivery_days,
        {{ ratio(
            'delivered_totals.late_order_count',
            'delivered_totals.delivered_order_count'
        ) }} as late_delivery_share,
        greatest(
            coalesce(
                delivered_totals.worst_late_days, open_totals.worst_late_days
            ),
            coalesce(
                open_totals.worst_late_days, delivered_totals.worst_late_days
            ),
            case
                when
                    delivered_totals.worst_late_days is not null
                    or open_totals.worst_late_days is not null
                    then 0
            end
        ) as worst_late_days,
        {{ ratio(
            'missing_rows.weekend_order_count', 'missing_rows.order_count'
        ) }} as weekend_order_share,
        {{ months_between(
            'missing_rows.ordered_at', 'missing_rows.as_of_date'
        ) }} as last_order_months,
        {{ months_between(
            'missing_rows.previous_ordered_at', 'missing_rows.as_of_date'
        ) }} as second_last_order_months,
        {{ months_between(
            'missing_rows.second_previous_ordered_at', 'missing_rows.as_of_date'
        ) }} as third_last_order_months,
        {{ ratio(
            days_between(
                'missing_rows.first_ordered_at', 'missing_rows.ordered_at'
            ),
            'missing_rows.purchase_day_count - 1'
        ) }} as average_gap_days,
        missing_rows.gap_days as last_gap_days,
        {{ ratio(
            'missing_rows.seller_distance_km', 'missing_rows.located_order_count'
        ) }} as average_seller_distance_km,
        missing_rows.postal_code,
        missing_rows.city,
        missing_rows.state
    from missing_rows
    left join delivered_totals
        on
            missing_rows.customer_id = delivered_totals.customer_id
            and missing_rows.as_of_date > delivered_totals.known_at
            and missing_rows.as_of_date <= delivered_totals.valid_until
    left join open_totals
        on
            missing_rows.customer_id = open_totals.customer_id
            and missing_rows.as_of_date = open_totals.as_of_date
    left join reviewed_totals
        on
            missing_rows.customer_id = reviewed_totals.customer_id
            and missing_rows.as_of_date > reviewed_totals.known_at
            and missing_rows.as_of_date <= reviewed_totals.valid_until
    left join returned_totals
        on
            missing_rows.customer_id = returned_totals.customer_id
            and missing_rows.as_of_date > returned_totals.known_at
            and missing_rows.as_of_date <= returned_totals.valid_until

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
        {{ feature_column(supplied, 'return_count', 'integer') }}
            as return_count,
        {{ feature_column(supplied, 'returned_share', double) }}
            as returned_share,
        {{ feature_column(supplied, 'net_amount', 'decimal(18, 2)') }}
            as net_amount,
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

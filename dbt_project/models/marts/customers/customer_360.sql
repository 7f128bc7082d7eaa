{# One row per person who ordered before the as-of date: what a CRM wants to
   know. RFM is empty for those without a valid order. -#}
with

orders as (

    select * from {{ ref('orders') }}
    where ordered_at < {{ date_literal(as_of_date()) }}

),

state_regions as (

    select * from {{ ref('state_regions') }}

),

customer_feature_snapshots as (

    select * from {{ ref('customer_feature_snapshots') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

customer_segments as (

    select * from {{ ref('customer_segments') }}

),

customer_churn_scores as (

    select * from {{ ref('customer_churn_scores') }}

),

segments as (

    select * from {{ ref('segments') }}

),

rfm_playbook as (

    select * from {{ ref('rfm_playbook') }}

),

numbered_orders as (

    select
        customer_id,
        country,
        row_number() over (
            partition by customer_id
            order by ordered_at desc, order_id desc
        ) as order_number_from_last
    from orders

),

customer_360 as (

    select
        customer_feature_snapshots.customer_id,
        customer_feature_snapshots.as_of_date,
        customer_feature_snapshots.postal_code,
        customer_feature_snapshots.city,
        customer_feature_snapshots.state,
        numbered_orders.country,
        state_regions.region,
        customer_rfm.first_order_at,
        customer_rfm.last_order_at,
        customer_rfm.recency_days,
        customer_rfm.frequency,
        customer_rfm.monetary_amount,
        customer_rfm.rfm_score,
        customer_rfm.rfm_segment,
        customer_feature_snapshots.average_review_score,
        customer_segments.segment_id,
        customer_segments.segment_name,
        customer_churn_scores.return_probability,
        customer_churn_scores.churn_probability,
        customer_churn_scores.risk_band,
        customer_churn_scores.reason_1,
        customer_churn_scores.beats_baseline,
        rfm_playbook.action as playbook_action,
        rfm_playbook.channel as playbook_channel,
        rfm_playbook.why as playbook_why,
        segments.playbook_action as segment_action,
        segments.playbook_channel as segment_channel,
        segments.playbook_why as segment_why
    from customer_feature_snapshots
    left join numbered_orders
        on
            customer_feature_snapshots.customer_id = numbered_orders.customer_id
            and numbered_orders.order_number_from_last = 1
    left join state_regions
        on
            numbered_orders.country = {{ place_code('state_regions.country') }}
            and customer_feature_snapshots.state
            = {{ place_code('state_regions.state') }}
    left join customer_rfm
        on customer_feature_snapshots.customer_id = customer_rfm.customer_id
    left join customer_segments
        on
            customer_feature_snapshots.customer_id
            = customer_segments.customer_id
    left join segments
        on customer_segments.segment_id = segments.segment_id
    left join customer_churn_scores
        on
            customer_feature_snapshots.customer_id
            = customer_churn_scores.customer_id
    left join rfm_playbook
        on customer_rfm.rfm_segment = rfm_playbook.rfm_segment

)

select * from customer_360

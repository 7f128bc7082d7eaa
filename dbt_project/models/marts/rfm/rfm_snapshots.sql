{# One row per person and snapshot date T: RFM as one could have known it at T.
   An order counts once placed, whatever became of it later (at T that was not
   known), so the last date differs a little from customer_rfm, which leaves
   out canceled orders. The scores are those of customer_rfm. -#}
with

snapshot_dates as (

    select as_of_date from {{ ref('as_of_dates') }}
    where is_snapshot_date

),

customer_feature_snapshots as (

    select * from {{ ref('customer_feature_snapshots') }}
    where as_of_date in (select snapshot_dates.as_of_date from snapshot_dates)

),

scored as (

    {{ rfm_scored(
        'customer_feature_snapshots',
        frequency='order_count',
        monetary='paid_amount'
    ) }}

),

rfm_snapshots as (

    select
        customer_id,
        as_of_date,
        recency_days,
        order_count,
        paid_amount,
        r_score,
        f_score,
        m_score,
        cast(rfm_segment as varchar) as rfm_segment
    from scored

)

select * from rfm_snapshots

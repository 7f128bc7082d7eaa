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

frequency_bands as (

    select * from {{ ref('rfm_frequency_bands') }}

),

segment_rules as (

    select * from {{ ref('rfm_segment_rules') }}

),

frequency_scores as (

    select
        customer_feature_snapshots.customer_id,
        customer_feature_snapshots.as_of_date,
        max(frequency_bands.f_score) as f_score
    from customer_feature_snapshots
    inner join frequency_bands
        on
            customer_feature_snapshots.order_count
            >= frequency_bands.min_frequency
    group by
        customer_feature_snapshots.customer_id,
        customer_feature_snapshots.as_of_date

),

frequency_rules as (

    select
        as_of_date,
        {{ is_mostly_one('order_count') }} as is_by_bands
    from customer_feature_snapshots
    group by as_of_date

),

scored as (

    select
        customer_feature_snapshots.customer_id,
        customer_feature_snapshots.as_of_date,
        customer_feature_snapshots.recency_days,
        customer_feature_snapshots.order_count,
        customer_feature_snapshots.paid_amount,
        case
            when frequency_rules.is_by_bands then frequency_scores.f_score
            else {{ quintile_score(
                'customer_feature_snapshots.order_count asc',
                partition_by='customer_feature_snapshots.as_of_date'
            ) }}
        end as f_score,
        {{ quintile_score_from_best(
            'customer_feature_snapshots.recency_days asc',
            partition_by='customer_feature_snapshots.as_of_date'
        ) }} as r_score,
        {{ quintile_score(
            'customer_feature_snapshots.paid_amount asc',
            partition_by='customer_feature_snapshots.as_of_date'
        ) }} as m_score
    from customer_feature_snapshots
    inner join frequency_scores
        on
            customer_feature_snapshots.customer_id
            = frequency_scores.customer_id
            and customer_feature_snapshots.as_of_date
            = frequency_scores.as_of_date
    inner join frequency_rules
        on customer_feature_snapshots.as_of_date = frequency_rules.as_of_date

),

rfm_snapshots as (

    select
        scored.customer_id,
        scored.as_of_date,
        scored.recency_days,
        scored.order_count,
        scored.paid_amount,
        scored.r_score,
        cast(scored.f_score as integer) as f_score,
        scored.m_score,
        cast(segment_rules.rfm_segment as varchar) as rfm_segment
    from scored
    left join segment_rules
        on
            scored.r_score between segment_rules.min_r_score
            and segment_rules.max_r_score
            and scored.f_score between segment_rules.min_f_score
            and segment_rules.max_f_score
            and scored.m_score between segment_rules.min_m_score
            and segment_rules.max_m_score

)

select * from rfm_snapshots

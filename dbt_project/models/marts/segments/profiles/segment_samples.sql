{# One row per person of a sample of each segment, drawn by the digest of the
   id: the same people in each build, whatever else is known of them. -#}
with

customer_segments as (

    select * from {{ ref('customer_segments') }}

),

segments as (

    select * from {{ ref('segments') }}

),

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

drawn as (

    select
        customer_segments.segment_id,
        segments.segment_label,
        customer_segments.customer_id,
        customer_rfm.recency_days,
        customer_rfm.frequency,
        customer_rfm.monetary_amount,
        row_number() over (
            partition by customer_segments.segment_id
            order by
                {{ dbt.hash('customer_segments.customer_id') }},
                customer_segments.customer_id
        ) as sample_number
    from customer_segments
    inner join customer_rfm
        on customer_segments.customer_id = customer_rfm.customer_id
    left join segments
        on customer_segments.segment_id = segments.segment_id

),

segment_samples as (

    select
        segment_id,
        segment_label,
        cast(sample_number as integer) as sample_number,
        customer_id,
        recency_days,
        frequency,
        monetary_amount,
        {{ money('greatest(monetary_amount, 1)') }} as charted_amount,
        cast({{ var('segment_sample_customer_count') }} as integer)
            as max_sample_number
    from drawn
    where sample_number <= {{ var('segment_sample_customer_count') }}

)

select * from segment_samples

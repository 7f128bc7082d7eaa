{# One row per person who stands for their segment: some who are not near a
   border, drawn by the digest of the id. -#}
with

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where not is_near_border

),

customer_360 as (

    select * from {{ ref('customer_360') }}

),

drawn as (

    select
        customer_segments.segment_id,
        customer_360.customer_id,
        customer_360.city,
        customer_360.last_order_at,
        customer_360.frequency,
        customer_360.monetary_amount,
        customer_360.average_review_score,
        customer_360.rfm_segment,
        row_number() over (
            partition by customer_segments.segment_id
            order by
                {{ dbt.hash('customer_segments.customer_id') }},
                customer_segments.customer_id
        ) as example_number
    from customer_segments
    inner join customer_360
        on customer_segments.customer_id = customer_360.customer_id

),

segment_examples as (

    select
        segment_id,
        cast(example_number as integer) as example_number,
        customer_id,
        city,
        last_order_at,
        frequency,
        monetary_amount,
        average_review_score,
        rfm_segment
    from drawn
    where example_number <= {{ var('segment_example_customer_count') }}

)

select * from segment_examples

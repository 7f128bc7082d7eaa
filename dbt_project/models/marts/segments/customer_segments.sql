{# One row per person with an order before the as-of date: the champion's
   segment with its name, and each family's own. -#}
with

champion_segments as (

    select * from {{ ref('champion_segments') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

segments_kmeans as (

    select * from {{ ref('segments_kmeans') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

segments_gmm as (

    select * from {{ ref('segments_gmm') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

segments as (

    select * from {{ ref('segments') }}

),

customer_segments as (

    select
        champion_segments.customer_id,
        champion_segments.as_of_date,
        champion_segments.model_id,
        cast(champion_segments.segment_id as integer) as segment_id,
        segments.segment_name,
        cast(segments_kmeans.segment_id as integer) as kmeans_segment_id,
        cast(segments_gmm.segment_id as integer) as gmm_segment_id,
        segments_gmm.membership_probability as gmm_membership_probability,
        segments_kmeans.border_margin as kmeans_border_margin,
        champion_segments.is_near_border,
        champion_segments.is_champion_passed
    from champion_segments
    left join segments
        on champion_segments.segment_id = segments.segment_id
    left join segments_kmeans
        on champion_segments.customer_id = segments_kmeans.customer_id
    left join segments_gmm
        on champion_segments.customer_id = segments_gmm.customer_id

)

select * from customer_segments

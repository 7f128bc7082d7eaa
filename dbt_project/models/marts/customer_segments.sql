{# One row per person with an order before the as-of date: the champion's
   segment with a name made of what sets it apart, and each family's own. -#}
with

champion_segments as (

    select * from {{ ref('champion_segments') }}

),

segments_kmeans as (

    select * from {{ ref('segments_kmeans') }}

),

segments_gmm as (

    select * from {{ ref('segments_gmm') }}

),

segment_profiles as (

    select * from {{ ref('segment_profiles') }}

),

feature_catalog as (

    select * from {{ ref('feature_catalog') }}

),

distinctions as (

    select
        segment_profiles.segment_id,
        segment_profiles.difference_rank,
        case
            when segment_profiles.standardized_difference is null then null
            when
                abs(segment_profiles.standardized_difference)
                < {{ var('least_distinct_difference') }}
                then null
            when segment_profiles.standardized_difference > 0
                then feature_catalog.high_phrase
            else feature_catalog.low_phrase
        end as phrase
    from segment_profiles
    inner join feature_catalog
        on segment_profiles.feature_name = feature_catalog.feature_name

),

segment_phrases as (

    select
        segment_id,
        max(case when difference_rank = 1 then phrase end) as first_phrase,
        max(case when difference_rank = 2 then phrase end) as second_phrase
    from distinctions
    group by segment_id

),

phrased_segments as (

    select
        segment_id,
        case
            when first_phrase is null then 'like everybody else'
            when second_phrase is null then first_phrase
            else first_phrase || ', ' || second_phrase
        end as phrase
    from segment_phrases

),

segment_names as (

    select
        segment_id,
        case
            when count(*) over (partition by phrase) = 1 then phrase
            else phrase || ' (' || cast(segment_id as varchar) || ')'
        end as segment_name
    from phrased_segments

),

customer_segments as (

    select
        champion_segments.customer_id,
        champion_segments.as_of_date,
        champion_segments.model_id,
        cast(champion_segments.segment_id as integer) as segment_id,
        cast(segment_names.segment_name as varchar) as segment_name,
        cast(segments_kmeans.segment_id as integer) as kmeans_segment_id,
        cast(segments_gmm.segment_id as integer) as gmm_segment_id,
        segments_gmm.membership_probability as gmm_membership_probability
    from champion_segments
    left join segment_names
        on champion_segments.segment_id = segment_names.segment_id
    left join segments_kmeans
        on champion_segments.customer_id = segments_kmeans.customer_id
    left join segments_gmm
        on champion_segments.customer_id = segments_gmm.customer_id

)

select * from customer_segments

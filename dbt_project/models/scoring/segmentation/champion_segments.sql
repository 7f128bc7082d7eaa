{# One row per snapshot date and person with an order before it: their segment
   in the champion's eyes (the latest challenger's where there is none). -#}
with

segments_kmeans as (

    select * from {{ ref('segments_kmeans') }}

),

segments_gmm as (

    select * from {{ ref('segments_gmm') }}

),

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

scored_models as (

    select distinct model_id from segments_kmeans
    union all
    select distinct model_id from segments_gmm

),

ranked_models as (

    select
        model_registry.model_id,
        model_registry.status = 'champion' as is_champion_passed,
        row_number() over (
            order by
                case model_registry.status when 'champion' then 0 else 1 end,
                model_registry.trained_at desc,
                model_registry.model_id asc
        ) as model_rank
    from scored_models
    inner join model_registry
        on scored_models.model_id = model_registry.model_id

),

segments as (

    select
        customer_id,
        as_of_date,
        model_id,
        segment_id,
        border_margin < {{ var('border_margin') }} as is_near_border
    from segments_kmeans
    union all
    select
        customer_id,
        as_of_date,
        model_id,
        segment_id,
        membership_probability < {{ var('least_sure_probability') }}
            as is_near_border
    from segments_gmm

),

champion_segments as (

    select
        segments.customer_id,
        segments.as_of_date,
        segments.model_id,
        ranked_models.is_champion_passed,
        segments.segment_id,
        segments.is_near_border
    from segments
    inner join ranked_models
        on segments.model_id = ranked_models.model_id
    where ranked_models.model_rank = 1

)

select * from champion_segments

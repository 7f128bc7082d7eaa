{# One row per snapshot date and person with an order before it: their segment
   by the champion (by the latest challenger where there is none). -#}
with

live_models as (

    select * from {{ ref('live_models') }}

),

every_family as (

    {% for scoring_model in scoring_models('segmentation') %}
    select
        customer_id,
        as_of_date,
        model_id,
        segment_id,
        is_near_border
    from {{ ref(scoring_model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

scored_models as (

    select distinct model_id from every_family

),

ranked_models as (

    select
        live_models.model_id,
        live_models.is_champion as is_champion_passed,
        row_number() over (
            order by
                case when live_models.is_champion then 0 else 1 end,
                live_models.trained_at desc,
                live_models.model_id asc
        ) as model_rank
    from scored_models
    inner join live_models
        on scored_models.model_id = live_models.model_id

),

champion_segments as (

    select
        every_family.customer_id,
        every_family.as_of_date,
        every_family.model_id,
        ranked_models.is_champion_passed,
        every_family.segment_id,
        every_family.is_near_border
    from every_family
    inner join ranked_models
        on every_family.model_id = ranked_models.model_id
    where ranked_models.model_rank = 1

)

select * from champion_segments

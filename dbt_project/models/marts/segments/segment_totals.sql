{# One row where there are segments, else none: all of them together, and how
   many candidates the study had that chose them. -#}
with

customer_segments as (

    select * from {{ ref('customer_segments') }}

),

model_quality as (

    select * from {{ ref('model_quality') }}
    where split = 'study'

),

sums as (

    select
        model_id,
        is_champion_passed,
        count(*) as customer_count,
        sum(case when is_near_border then 1 else 0 end) as near_border_count
    from customer_segments
    group by model_id, is_champion_passed

),

study_counts as (

    select
        model_id,
        max(case when metric_name = 'candidate_count' then metric_value end)
            as candidate_count,
        max(case when metric_name = 'passed_count' then metric_value end)
            as passed_count
    from model_quality
    group by model_id

),

segment_totals as (

    select
        sums.model_id,
        sums.is_champion_passed,
        cast(sums.customer_count as integer) as customer_count,
        {{ ratio('sums.near_border_count', 'sums.customer_count') }}
            as near_border_share,
        cast(study_counts.candidate_count as integer) as candidate_count,
        cast(study_counts.passed_count as integer) as passed_count
    from sums
    left join study_counts
        on sums.model_id = study_counts.model_id

)

select * from segment_totals

{# One row per candidate of segmentation_candidates and segment.
   Waits for the choice of champions: all marts are built by one run of dbt. -#}
{%- do source('ml', 'model_registry') -%}
with

segmentation_candidates as (

    select * from {{ ref('segmentation_candidates') }}

),

candidate_segments as (

    select * from {{ source('ml', 'segmentation_candidate_segments') }}

),

segmentation_candidate_segments as (

    select
        candidate_id,
        segment_id,
        customer_share,
        jaccard,
        candidate_id in (
            select segmentation_candidates.candidate_id
            from segmentation_candidates
            where segmentation_candidates.passed_rank = 1
        ) as is_of_best_candidate
    from candidate_segments
    where
        candidate_id in (
            select segmentation_candidates.candidate_id
            from segmentation_candidates
        )

)

select * from segmentation_candidate_segments

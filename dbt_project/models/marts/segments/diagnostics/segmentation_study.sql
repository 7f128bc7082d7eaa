{# One row once segmentations were studied: how many candidates there were, and
   on what they were judged. -#}
with

segmentation_candidates as (

    select * from {{ ref('segmentation_candidates') }}

),

segmentation_study as (

    select
        study_id,
        max(sample_count) as sample_count,
        max(seed_count) as seed_count,
        max(resample_count) as resample_count,
        cast(count(*) as integer) as candidate_count,
        cast(count(case when can_be_champion then 1 end) as integer)
            as scorable_count,
        cast(count(passed_rank) as integer) as passed_count,
        cast(count(case when verdict like 'bins of %' then 1 end) as integer)
            as bins_count
    from segmentation_candidates
    group by study_id

)

select * from segmentation_study

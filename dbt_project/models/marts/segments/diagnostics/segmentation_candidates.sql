{# One row per candidate of the latest study, unless it is of a later date than
   this build.
   Waits for the choice of champions: all marts are built by one run of dbt. -#}
{%- do source('ml', 'model_registry') -%}
with

candidates as (

    select * from {{ source('ml', 'segmentation_candidates') }}

),

model_families as (

    select * from {{ source('ml', 'model_families') }}

),

segmentation_candidates as (

    select
        candidates.study_id,
        candidates.candidate_id,
        candidates.as_of_date,
        candidates.feature_set,
        candidates.family,
        model_families.family_name,
        candidates.covariance_type,
        candidates.settings,
        candidates.sample_count,
        candidates.seed_count,
        candidates.resample_count,
        candidates.segment_count,
        candidates.noise_share,
        candidates.silhouette,
        candidates.calinski_harabasz,
        candidates.davies_bouldin,
        candidates.bic,
        candidates.aic,
        candidates.inertia,
        candidates.smallest_share,
        candidates.seed_agreement,
        candidates.resample_agreement,
        candidates.lowest_jaccard,
        candidates.closest_feature_name,
        candidates.closest_feature_agreement,
        candidates.distinct_feature_count,
        candidates.can_be_champion,
        candidates.is_passed,
        candidates.verdict,
        candidates.passed_rank,
        candidates.is_best_of_family,
        candidates.fit_seconds
    from candidates
    left join model_families
        on candidates.family = model_families.family
    where candidates.as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from segmentation_candidates

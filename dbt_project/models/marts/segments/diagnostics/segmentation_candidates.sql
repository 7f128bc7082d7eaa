{# One row per candidate of the latest study, unless it is of a later date than
   this build.
   Waits for the choice of champions: all marts are built by one run of dbt. -#}
{%- do source('ml', 'model_registry') -%}
with

candidates as (

    select * from {{ source('ml', 'segmentation_candidates') }}

),

segmentation_candidates as (

    select
        study_id,
        candidate_id,
        as_of_date,
        feature_set,
        family,
        covariance_type,
        settings,
        sample_count,
        seed_count,
        resample_count,
        segment_count,
        noise_share,
        silhouette,
        calinski_harabasz,
        davies_bouldin,
        bic,
        aic,
        inertia,
        smallest_share,
        seed_agreement,
        resample_agreement,
        lowest_jaccard,
        closest_feature_name,
        closest_feature_agreement,
        distinct_feature_count,
        can_be_champion,
        is_passed,
        verdict,
        passed_rank,
        is_best_of_family,
        fit_seconds
    from candidates
    where as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from segmentation_candidates

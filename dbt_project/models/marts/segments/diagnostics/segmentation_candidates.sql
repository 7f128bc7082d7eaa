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

candidate_verdict_texts as (

    select * from {{ ref('texts') }}
    where topic = 'candidate_verdict'

),

named as (

    select
        candidates.*,
        model_families.family_name,
        position('; ' in candidates.verdict) as first_reason_end,
        case
            when
                candidates.verdict = 'passed'
                and not candidates.can_be_champion
                then 'for_comparison'
            when position('; ' in candidates.verdict) > 0 then 'several'
            else 'one'
        end as verdict_code
    from candidates
    left join model_families
        on candidates.family = model_families.family
    where candidates.as_of_date <= {{ date_literal(as_of_date()) }}

),

segmentation_candidates as (

    select
        named.study_id,
        named.candidate_id,
        named.as_of_date,
        named.feature_set,
        named.family,
        named.family_name,
        named.covariance_type,
        named.settings,
        named.sample_count,
        named.seed_count,
        named.resample_count,
        named.segment_count,
        named.noise_share,
        named.silhouette,
        named.calinski_harabasz,
        named.davies_bouldin,
        named.bic,
        named.aic,
        named.inertia,
        named.smallest_share,
        named.seed_agreement,
        named.resample_agreement,
        named.lowest_jaccard,
        named.closest_feature_name,
        named.closest_feature_agreement,
        named.distinct_feature_count,
        named.can_be_champion,
        named.is_passed,
        named.verdict,
        named.passed_rank,
        named.is_best_of_family,
        named.fit_seconds,
        replace(named.candidate_id, '-', ' ') as candidate_label,
        replace(named.closest_feature_name, '_', ' ') as closest_feature_label,
        case
            when named.feature_set = 'rfm' then 'KMeans of RFM as usual'
            else coalesce(
                'mixture, ' || named.covariance_type, named.family_name
            )
        end as curve_label,
        cast(named.verdict_code as varchar) as verdict_code,
        cast({{ filled_text('candidate_verdict_texts.text', {
            'verdict': 'named.verdict',
            'first_reason': (
                'substr(named.verdict, 1, named.first_reason_end - 1)'
            ),
            'more_count': "cast(
                (
                    length(named.verdict)
                    - length(replace(named.verdict, '; ', ''))
                ) / 2 as integer
            )" | replace('cast(
', 'cast(cast(
', 1) ~ ' as varchar)',
        }) }} as varchar) as verdict_summary
    from named
    left join candidate_verdict_texts
        on named.verdict_code = candidate_verdict_texts.text_code

)

select * from segmentation_candidates

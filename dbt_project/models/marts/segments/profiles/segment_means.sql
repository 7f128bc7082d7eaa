{# One row per feature that the segments were made of, and segment or everybody:
   its mean there. -#}
with

segment_profiles as (

    select * from {{ ref('segment_profiles') }}
    where is_fitted_on

),

segments as (

    select * from {{ ref('segments') }}

),

in_segments as (

    select
        segment_profiles.model_id,
        segment_profiles.segment_id,
        'segment ' || cast(segment_profiles.segment_id as varchar)
            as group_label,
        segments.segment_label,
        segment_profiles.feature_name,
        segment_profiles.feature_label,
        segment_profiles.segment_mean as mean_value,
        segment_profiles.standardized_difference
    from segment_profiles
    left join segments
        on segment_profiles.segment_id = segments.segment_id

),

{# Everybody's mean stands in the row of each segment. #}
of_everybody as (

    select
        model_id,
        cast(null as integer) as segment_id,
        'everybody' as group_label,
        'everybody' as segment_label,
        feature_name,
        feature_label,
        max(overall_mean) as mean_value,
        cast(0e0 as {{ type_double() }}) as standardized_difference
    from segment_profiles
    group by model_id, feature_name, feature_label

),

means as (

    select * from in_segments
    union all
    select * from of_everybody

),

segment_means as (

    select
        model_id,
        segment_id,
        cast(group_label as varchar) as group_label,
        cast(segment_label as varchar) as segment_label,
        feature_name,
        feature_label,
        mean_value,
        standardized_difference
    from means

)

select * from segment_means

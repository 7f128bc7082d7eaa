{# One row per segment of the champion and feature that it was fitted on: how
   the segment's mean differs from everybody's, in standard deviations of
   everybody. Sums are of decimals, so that two builds agree to the last bit. -#}
{%- set segments = ref('champion_segments') -%}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('segmentation') -%}
with

champion_segments as (

    select * from {{ segments }}

),

customer_feature_snapshots as (

    select * from {{ features }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

feature_values as (

    {%- for feature in (live.feature_names if live else ['recency_days']) %}
    select
        champion_segments.model_id,
        champion_segments.as_of_date,
        champion_segments.segment_id,
        '{{ feature }}' as feature_name,
        cast(customer_feature_snapshots.{{ feature }} as decimal(38, 6))
            as feature_value
    from champion_segments
    inner join customer_feature_snapshots
        on
            champion_segments.customer_id
            = customer_feature_snapshots.customer_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

overall as (

    select
        feature_name,
        {{ ratio('sum(feature_value)', 'count(feature_value)') }}
            as overall_mean,
        {{ ratio(
            'sum(feature_value * feature_value)', 'count(feature_value)'
        ) }} as overall_mean_of_squares
    from feature_values
    group by feature_name

),

per_segment as (

    select
        model_id,
        as_of_date,
        segment_id,
        feature_name,
        count(*) as customer_count,
        {{ ratio('sum(feature_value)', 'count(feature_value)') }}
            as segment_mean
    from feature_values
    group by model_id, as_of_date, segment_id, feature_name

),

differences as (

    select
        per_segment.*,
        overall.overall_mean,
        {{ ratio(
            'per_segment.segment_mean - overall.overall_mean',
            'sqrt(greatest(overall.overall_mean_of_squares
                - overall.overall_mean * overall.overall_mean, 0e0))'
        ) }} as standardized_difference
    from per_segment
    inner join overall
        on per_segment.feature_name = overall.feature_name

),

segment_profiles as (

    select
        model_id,
        as_of_date,
        cast(segment_id as integer) as segment_id,
        cast(feature_name as varchar) as feature_name,
        cast(customer_count as integer) as customer_count,
        segment_mean,
        overall_mean,
        standardized_difference,
        cast(
            row_number() over (
                partition by segment_id
                order by
                    abs(coalesce(standardized_difference, 0e0)) desc,
                    feature_name asc
            ) as integer
        ) as difference_rank
    from differences

)

select * from segment_profiles

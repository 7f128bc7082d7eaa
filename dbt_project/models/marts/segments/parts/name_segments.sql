{# One row per segment of the champion that something sets apart: its name, and
   what sets it apart in words: features that it was fitted on, whose mean is
   significantly and by at least least_distinct_difference standard deviations
   off everybody's, strongest first, three at most. The name is the shortest run
   of their phrases that no other segment has; segments with the same three are
   numbered, the one whose strongest feature lies furthest out first. A name
   never depends on the segment's id, except between segments that are alike to
   the last bit. -#}
with

champion_segments as (

    select * from {{ ref('champion_segments') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

segment_profiles as (

    select * from {{ ref('segment_profiles') }}

),

feature_catalog as (

    select * from {{ ref('feature_catalog') }}

),

build_info as (

    select * from {{ ref('build_info') }}

),

segment_comparison_texts as (

    select * from {{ ref('texts') }}
    where topic = 'segment_comparison' and text_code = 'with_everybody'

),

segment_detail_texts as (

    select * from {{ ref('texts') }}
    where topic = 'segment_detail' and text_code = 'distinct_feature'

),

sizes as (

    select
        segment_id,
        count(*) as customer_count
    from champion_segments
    group by segment_id

),

distinctions as (

    select
        segment_profiles.segment_id,
        segment_profiles.feature_name,
        abs(segment_profiles.standardized_difference) as strength,
        case
            when segment_profiles.standardized_difference > 0 then 'high'
            else 'low'
        end as direction,
        case
            when segment_profiles.standardized_difference > 0
                then feature_catalog.high_phrase
            else feature_catalog.low_phrase
        end as phrase,
        feature_catalog.reason_text,
        {{ value_in_words(
            'segment_profiles.segment_mean',
            'feature_catalog.unit',
            'build_info.currency_code'
        ) }} as segment_mean,
        {{ value_in_words(
            'segment_profiles.overall_mean',
            'feature_catalog.unit',
            'build_info.currency_code'
        ) }} as overall_mean,
        row_number() over (
            partition by segment_profiles.segment_id
            order by segment_profiles.difference_rank asc
        ) as distinction_rank
    from segment_profiles
    inner join feature_catalog
        on segment_profiles.feature_name = feature_catalog.feature_name
    cross join build_info
    where
        segment_profiles.is_fitted_on
        and segment_profiles.is_significant
        and abs(segment_profiles.standardized_difference)
        >= {{ var('least_distinct_difference') }}

),

compared as (

    select
        distinctions.*,
        {{ filled_text('segment_comparison_texts.text', {
            'segment_mean': 'distinctions.segment_mean',
            'overall_mean': 'distinctions.overall_mean',
        }) }} as comparison
    from distinctions
    cross join segment_comparison_texts

),

details as (

    select
        compared.*,
        {{ filled_text('segment_detail_texts.text', {
            'phrase': 'compared.phrase',
            'reason': filled_text(
                'compared.reason_text', {'value': 'compared.comparison'}
            ),
        }) }} as detail
    from compared
    cross join segment_detail_texts

),

pivoted as (

    select
        segment_id,
        {% for rank in [1, 2, 3] %}
        max(case when distinction_rank = {{ rank }} then phrase end)
            as phrase_{{ rank }},
        max(case when distinction_rank = {{ rank }} then detail end)
            as detail_{{ rank }},
        {% endfor %}
        max(case when distinction_rank = 1 then feature_name end)
            as distinct_feature_name,
        max(case when distinction_rank = 1 then direction end)
            as distinct_direction,
        max(strength) as strength
    from details
    group by segment_id

),

runs_of_phrases as (

    select
        *,
        phrase_1 as run_1,
        phrase_1 || coalesce(', ' || phrase_2, '') as run_2,
        phrase_1 || coalesce(', ' || phrase_2, '')
        || coalesce(', ' || phrase_3, '') as run_3
    from pivoted

),

counted_runs as (

    select
        runs_of_phrases.*,
        {% for length in [1, 2, 3] %}
        count(*) over (partition by runs_of_phrases.run_{{ length }})
            as run_{{ length }}_count,
        {% endfor %}
        row_number() over (
            partition by runs_of_phrases.run_3
            order by
                runs_of_phrases.strength desc,
                sizes.customer_count desc,
                runs_of_phrases.segment_id asc
        ) as run_3_number
    from runs_of_phrases
    inner join sizes
        on runs_of_phrases.segment_id = sizes.segment_id

),

name_segments as (

    select
        segment_id,
        distinct_feature_name,
        distinct_direction,
        case
            when run_1_count = 1 then run_1
            when run_2_count = 1 then run_2
            when run_3_count = 1 then run_3
            else run_3 || ' (' || cast(run_3_number as varchar) || ')'
        end as segment_name,
        upper(substr(detail_1, 1, 1)) || substr(detail_1, 2) as first_detail,
        detail_2 as second_detail,
        detail_3 as third_detail
    from counted_runs

)

select * from name_segments

{# One row per segment of the champion: a name, a description and an action,
   made of what sets the segment apart: features that it was fitted on, whose
   mean is significantly and by at least least_distinct_difference standard
   deviations off everybody's, strongest first, three at most. The name is the
   shortest run of their phrases that no other segment has; segments with the
   same three are numbered, the one whose strongest feature lies furthest out
   first. A name never depends on the segment's id, except between segments
   that are alike to the last bit. -#}
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

segment_playbook as (

    select * from {{ ref('segment_playbook') }}

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

segment_description_texts as (

    select * from {{ ref('texts') }}
    where topic = 'segment_description'

),

segment_status_texts as (

    select * from {{ ref('texts') }}
    where topic = 'segment_status'

),

sizes as (

    select
        model_id,
        as_of_date,
        segment_id,
        is_champion_passed,
        count(*) as customer_count,
        {{ ratio('count(*)', 'sum(count(*)) over ()') }} as customer_share,
        {{ ratio(
            'sum(case when is_near_border then 1 else 0 end)', 'count(*)'
        ) }} as near_border_share
    from champion_segments
    group by model_id, as_of_date, segment_id, is_champion_passed

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

named as (

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

),

described as (

    select
        sizes.*,
        coalesce(named.distinct_feature_name, 'none') as playbook_feature_name,
        coalesce(named.distinct_direction, 'none') as playbook_direction,
        case when sizes.is_champion_passed then named.segment_name end
            as segment_name,
        case
            when named.first_detail is null then 'nothing'
            when named.second_detail is null then 'one'
            when named.third_detail is null then 'two'
            else 'three'
        end as description_code,
        case
            when sizes.is_champion_passed then 'passed' else 'not_passed'
        end as status_code,
        named.first_detail,
        named.second_detail,
        named.third_detail
    from sizes
    left join named
        on sizes.segment_id = named.segment_id

),

worded as (

    select
        described.*,
        {{ filled_text('segment_description_texts.text', {
            'first_detail': 'described.first_detail',
            'second_detail': 'described.second_detail',
            'third_detail': 'described.third_detail',
        }) }} as description
    from described
    left join segment_description_texts
        on described.description_code = segment_description_texts.text_code

),

segments as (

    select
        worded.model_id,
        worded.as_of_date,
        cast(worded.segment_id as integer) as segment_id,
        worded.is_champion_passed,
        cast(worded.segment_name as varchar) as segment_name,
        cast(worded.description_code as varchar) as description_code,
        cast({{ filled_text('segment_status_texts.text', {
            'description': 'worded.description',
        }) }} as varchar) as description,
        cast(worded.segment_id as varchar) || ' · '
        || coalesce(worded.segment_name, 'no name') as segment_label,
        cast(worded.customer_count as integer) as customer_count,
        worded.customer_share,
        worded.near_border_share,
        segment_playbook.action as playbook_action,
        segment_playbook.channel as playbook_channel,
        segment_playbook.why as playbook_why,
        segment_playbook.feature_name as playbook_feature_name,
        segment_playbook.direction as playbook_direction
    from worded
    left join segment_status_texts
        on worded.status_code = segment_status_texts.text_code
    left join segment_playbook
        on
            worded.playbook_feature_name = segment_playbook.feature_name
            and worded.playbook_direction = segment_playbook.direction
            and worded.is_champion_passed

)

select * from segments

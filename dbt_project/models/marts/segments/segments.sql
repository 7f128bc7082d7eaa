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
        ) }}
        || ' against everybody''s mean of '
        || {{ value_in_words(
            'segment_profiles.overall_mean',
            'feature_catalog.unit',
            'build_info.currency_code'
        ) }} as values_in_words,
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

details as (

    select
        *,
        phrase
        || ' (' || replace(reason_text, '{value}', values_in_words) || ')'
            as detail
    from distinctions

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
        case
            when detail_2 is null then detail_1
            when detail_3 is null then detail_1 || ' and ' || detail_2
            else detail_1 || ', ' || detail_2 || ' and ' || detail_3
        end as details
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
            when sizes.is_champion_passed then ''
            else
                'No segmentation passed the rule that chooses, so this group of'
                || ' the latest challenger has no name and no action. '
        end
        || coalesce(
            upper(substr(named.details, 1, 1)) || substr(named.details, 2)
            || '.',
            'Nothing that the segments were made of sets these customers apart'
            || ' from everybody.'
        ) as description
    from sizes
    left join named
        on sizes.segment_id = named.segment_id

),

segments as (

    select
        described.model_id,
        described.as_of_date,
        cast(described.segment_id as integer) as segment_id,
        described.is_champion_passed,
        cast(described.segment_name as varchar) as segment_name,
        cast(described.description as varchar) as description,
        cast(described.customer_count as integer) as customer_count,
        described.customer_share,
        described.near_border_share,
        segment_playbook.action as playbook_action,
        segment_playbook.channel as playbook_channel,
        segment_playbook.why as playbook_why,
        segment_playbook.feature_name as playbook_feature_name,
        segment_playbook.direction as playbook_direction
    from described
    left join segment_playbook
        on
            described.playbook_feature_name = segment_playbook.feature_name
            and described.playbook_direction = segment_playbook.direction
            and described.is_champion_passed

)

select * from segments

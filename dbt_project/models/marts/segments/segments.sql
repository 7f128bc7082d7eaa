{# One row per segment of the champion: a name, a description and an action. The
   name and what the description says are made in name_segments. -#}
with

champion_segments as (

    select * from {{ ref('champion_segments') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

name_segments as (

    select * from {{ ref('name_segments') }}

),

segment_playbook as (

    select * from {{ ref('segment_playbook') }}

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

described as (

    select
        sizes.*,
        coalesce(name_segments.distinct_feature_name, 'none')
            as playbook_feature_name,
        coalesce(name_segments.distinct_direction, 'none')
            as playbook_direction,
        case when sizes.is_champion_passed then name_segments.segment_name end
            as segment_name,
        case
            when name_segments.first_detail is null then 'nothing'
            when name_segments.second_detail is null then 'one'
            when name_segments.third_detail is null then 'two'
            else 'three'
        end as description_code,
        case
            when sizes.is_champion_passed then 'passed' else 'not_passed'
        end as status_code,
        name_segments.first_detail,
        name_segments.second_detail,
        name_segments.third_detail
    from sizes
    left join name_segments
        on sizes.segment_id = name_segments.segment_id

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

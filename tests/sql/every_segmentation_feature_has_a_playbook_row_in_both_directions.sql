{# And there is a row for segments that nothing sets apart. #}
with

needed as (

    {% for direction in ['high', 'low'] %}
    select
        feature_name,
        '{{ direction }}' as direction
    from {{ ref('feature_catalog') }}
    where is_segmentation_feature
    union all
    {% endfor %}
    select
        'none' as feature_name,
        'none' as direction

)

select needed.*
from needed
left join {{ ref('segment_playbook') }} as segment_playbook
    on
        needed.feature_name = segment_playbook.feature_name
        and needed.direction = segment_playbook.direction
where segment_playbook.action is null

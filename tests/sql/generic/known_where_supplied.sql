{# A feature is in every row, unless the shop's source cannot supply it. #}
{% test known_where_supplied(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is null
    and exists (
        select 1
        from {{ ref('supplied_features') }}
        where feature_name = '{{ column_name }}'
    )

{% endtest %}

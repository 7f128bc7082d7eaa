{% macro conformed(entities, verb='conform') -%}
    {{ ref('int_' ~ source_name() ~ '__' ~ verb ~ '_' ~ entities) }}
{%- endmacro %}

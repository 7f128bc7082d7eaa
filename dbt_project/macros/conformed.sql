{% macro conformed(entities) -%}
    {{ ref('int_' ~ source_name() ~ '__conform_' ~ entities) }}
{%- endmacro %}

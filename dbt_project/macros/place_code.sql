{% macro place_code(column) -%}
    nullif(upper(trim({{ column }})), '')
{%- endmacro %}

{% macro short_number_text(value) -%}
    replace({{ number_text(value, 1) }}, '.0', '')
{%- endmacro %}

{% macro date_text(value) -%}
    cast(cast({{ value }} as date) as varchar)
{%- endmacro %}

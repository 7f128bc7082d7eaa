{% macro number_text(value, digits=2) -%}
    cast(cast({{ value }} as decimal(18, {{ digits }})) as varchar)
{%- endmacro %}

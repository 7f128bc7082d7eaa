{% macro double_literal(text) -%}
    {%- set number = text if 'e' in text else text ~ 'e0' -%}
    {{ '(' ~ number ~ ')' if number.startswith('-') else number }}
{%- endmacro %}

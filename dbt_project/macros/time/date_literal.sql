{% macro date_literal(value) -%}
    cast('{{ checked_date("a date", value) }}' as date)
{%- endmacro %}

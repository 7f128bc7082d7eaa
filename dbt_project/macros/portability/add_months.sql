{% macro add_months(moment, months) -%}
    {{ adapter.dispatch('add_months', 'regulars')(moment, months) }}
{%- endmacro %}

{% macro default__add_months(moment, months) -%}
    cast({{ moment }} + ({{ months }}) * interval '1 month' as date)
{%- endmacro %}

{% macro duckdb__add_months(moment, months) -%}
    cast({{ moment }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(moment, months) -%}
    add_months({{ moment }}, {{ months }})
{%- endmacro %}

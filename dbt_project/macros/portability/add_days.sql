{% macro add_days(moment, days) -%}
    {{ adapter.dispatch('add_days', 'regulars')(moment, days) }}
{%- endmacro %}

{% macro default__add_days(moment, days) -%}
    ({{ moment }} + {{ days }})
{%- endmacro %}

{% macro duckdb__add_days(moment, days) -%}
    cast({{ moment }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_days(moment, days) -%}
    date_add({{ moment }}, {{ days }})
{%- endmacro %}

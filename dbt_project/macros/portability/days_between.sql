{% macro days_between(earlier, later) -%}
    {{ adapter.dispatch('days_between', 'regulars')(earlier, later) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    (cast({{ later }} as date) - cast({{ earlier }} as date))
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    cast(
        date_diff(
            'day', cast({{ earlier }} as date), cast({{ later }} as date)
        ) as integer
    )
{%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

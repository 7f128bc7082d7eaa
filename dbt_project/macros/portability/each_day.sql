{% macro each_day(first_day, last_day) -%}
    {{ adapter.dispatch('each_day', 'regulars')(first_day, last_day) }}
{%- endmacro %}

{% macro default__each_day(first_day, last_day) -%}
    cast(
        generate_series(
            cast({{ first_day }} as date),
            cast({{ last_day }} as date),
            interval '1 day'
        ) as date
    )
{%- endmacro %}

{% macro duckdb__each_day(first_day, last_day) -%}
    cast(
        unnest(
            generate_series(
                cast({{ first_day }} as date),
                cast({{ last_day }} as date),
                interval '1 day'
            )
        ) as date
    )
{%- endmacro %}

{% macro spark__each_day(first_day, last_day) -%}
    explode(
        sequence(cast({{ first_day }} as date), cast({{ last_day }} as date))
    )
{%- endmacro %}

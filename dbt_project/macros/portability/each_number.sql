{% macro each_number(last_number) -%}
    {{ adapter.dispatch('each_number', 'regulars')(last_number) }}
{%- endmacro %}

{% macro default__each_number(last_number) -%}
    generate_series(1, cast({{ last_number }} as bigint))
{%- endmacro %}

{% macro duckdb__each_number(last_number) -%}
    unnest(generate_series(1, cast({{ last_number }} as bigint)))
{%- endmacro %}

{% macro spark__each_number(last_number) -%}
    explode(sequence(1, cast({{ last_number }} as bigint)))
{%- endmacro %}

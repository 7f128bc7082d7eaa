{% macro is_weekend(moment) -%}
    {{ adapter.dispatch('is_weekend', 'regulars')(moment) }}
{%- endmacro %}

{% macro default__is_weekend(moment) -%}
    (extract(isodow from {{ moment }}) >= 6)
{%- endmacro %}

{% macro spark__is_weekend(moment) -%}
    (dayofweek({{ moment }}) in (1, 7))
{%- endmacro %}

{#- Whether a row of the registry is of this build's as-of date or an earlier one: what was fitted
    later knows what comes after it. -#}
{% macro ml_is_of_the_time(registry) -%}
    {{ registry }}.as_of_date <= {{ date_literal(as_of_date()) }}
{%- endmacro %}

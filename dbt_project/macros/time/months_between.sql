{#- 30.436875 days are the mean month of the Gregorian calendar, 365.2425 / 12. -#}
{% macro months_between(earlier, later) -%}
    {{ ratio(days_between(earlier, later), '30.436875') }}
{%- endmacro %}

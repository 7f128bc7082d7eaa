{#- Whether more than half of the rows have the number 1. -#}
{% macro is_mostly_one(number) -%}
    2 * count(case when {{ number }} = 1 then 1 end) > count(*)
{%- endmacro %}

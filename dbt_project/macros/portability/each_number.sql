{% macro each_number(last_number) -%}
    unnest(range(1, cast({{ last_number }} as bigint) + 1))
{%- endmacro %}

{#- Lists match without regard to case and to blanks at the ends; a blank value is none. -#}
{% macro listed_value(column) -%}
    nullif(lower(trim({{ column }})), '')
{%- endmacro %}

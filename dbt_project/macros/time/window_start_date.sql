{% macro window_start_date() -%}
    {%- set value = var('source_defaults')[source_name()]['window_start_date'] -%}
    {{- return(checked_date('window_start_date', value)) -}}
{%- endmacro %}

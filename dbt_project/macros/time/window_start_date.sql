{% macro window_start_date() -%}
    {%- set fallback = source_setting('window_start_date') -%}
    {%- set value = var('window_start_date', env_var('REGULARS_WINDOW_START_DATE', ''))
        or fallback -%}
    {{- return(checked_date('window_start_date', value)) -}}
{%- endmacro %}

{#- The environment is read when models run: see as_of_date. -#}
{% macro window_start_date() -%}
    {%- set asked = env_var('REGULARS_WINDOW_START_DATE', '') if execute else '' -%}
    {%- set value = var('window_start_date', asked) or source_setting('window_start_date') -%}
    {{- return(checked_date('window_start_date', value)) -}}
{%- endmacro %}

{#- What the environment says is read when models run, not when dbt parses them: it would parse half
    of the project anew for another day. -#}
{% macro as_of_date() -%}
    {%- set asked = env_var('REGULARS_AS_OF_DATE', '') if execute else '' -%}
    {%- set value = var('as_of_date', asked) or source_setting('as_of_date') -%}
    {{- return(checked_date('as_of_date', value)) -}}
{%- endmacro %}

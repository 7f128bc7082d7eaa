{#- The environment is read when models run: see as_of_date. -#}
{% macro asked_snapshot_dates() -%}
    {%- set asked = env_var('REGULARS_SNAPSHOT_DATES', '') if execute else '' -%}
    {%- set asked = var('snapshot_dates', asked) -%}
    {%- if asked is string -%}
        {%- set asked = asked.replace(',', ' ').split() -%}
    {%- endif -%}
    {{- return(asked) -}}
{%- endmacro %}

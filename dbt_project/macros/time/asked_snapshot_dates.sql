{% macro asked_snapshot_dates() -%}
    {%- set asked = var('snapshot_dates', env_var('REGULARS_SNAPSHOT_DATES', '')) -%}
    {%- if asked is string -%}
        {%- set asked = asked.replace(',', ' ').split() -%}
    {%- endif -%}
    {{- return(asked) -}}
{%- endmacro %}

{% macro source_name() -%}
    {{- return(env_var('REGULARS_SOURCE', '') or var('source')) -}}
{%- endmacro %}

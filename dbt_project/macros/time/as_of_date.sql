{% macro as_of_date() -%}
    {%- set fallback = source_setting('as_of_date') -%}
    {%- set value = var('as_of_date', env_var('REGULARS_AS_OF_DATE', '')) or fallback -%}
    {{- return(checked_date('as_of_date', value)) -}}
{%- endmacro %}

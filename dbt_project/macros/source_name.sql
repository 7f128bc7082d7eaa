{% macro source_name() -%}
    {{- return(var('source', 'olist')) -}}
{%- endmacro %}

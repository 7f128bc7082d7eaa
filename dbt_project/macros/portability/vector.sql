{#- Never with a null in it, which DuckDB's list functions refuse; whoever needs to know asks the
    numbers themselves. -#}
{% macro vector(expressions) -%}
    {%- set filled = [] -%}
    {%- for expression in expressions -%}
        {%- do filled.append('coalesce(' ~ expression ~ ', 0e0)') -%}
    {%- endfor -%}
    {{ adapter.dispatch('vector', 'regulars')(filled) }}
{%- endmacro %}

{% macro default__vector(filled) -%}
    array[{{ filled | join(', ') }}]
{%- endmacro %}

{% macro spark__vector(filled) -%}
    array({{ filled | join(', ') }})
{%- endmacro %}

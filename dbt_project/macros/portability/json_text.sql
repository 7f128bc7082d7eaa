{% macro json_text(document, key) -%}
    {{ adapter.dispatch('json_text', 'regulars')(document, key) }}
{%- endmacro %}

{% macro default__json_text(document, key) -%}
    cast({{ document }} as json) ->> '{{ key }}'
{%- endmacro %}

{% macro duckdb__json_text(document, key) -%}
    json_extract_string({{ document }}, '$.{{ key }}')
{%- endmacro %}

{% macro spark__json_text(document, key) -%}
    get_json_object({{ document }}, '$.{{ key }}')
{%- endmacro %}

{#- A figure that is missing leaves its placeholder, so that a test finds it. -#}
{% macro filled_text(text, figures) -%}
    {%- set filled = namespace(text=text) -%}
    {%- for name, figure in figures.items() -%}
        {%- set placeholder = "'{" ~ name ~ "}'" -%}
        {%- set filled.text = (
            'replace(' ~ filled.text ~ ', ' ~ placeholder
            ~ ', coalesce(' ~ figure ~ ', ' ~ placeholder ~ '))'
        ) -%}
    {%- endfor -%}
    {{- filled.text -}}
{%- endmacro %}

{#- Within a text every bar is doubled, so a single one ends it; a missing value is no text. -#}
{% macro row_digest(columns) -%}
    {%- set texts = [] -%}
    {%- for column in columns -%}
        {%- do texts.append(
            "coalesce('+' || replace(cast(" ~ column
            ~ " as varchar), '|', '||'), '-')"
        ) -%}
    {%- endfor -%}
    {{ dbt.hash(texts | join(" || ' | ' || ")) }}
{%- endmacro %}

{#- A list of dates in a JSON document, as people write it. -#}
{% macro listed_dates(document, key) -%}
    replace(
        replace(
            replace(
                replace({{ json_text(document, key) }}, '[', ''), ']', ''
            ), '"', ''
        ), ',', ', '
    )
{%- endmacro %}

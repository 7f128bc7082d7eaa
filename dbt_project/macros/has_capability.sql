{#- A count, since not every target has `exists` outside of a condition. -#}
{% macro has_capability(capability) -%}
    (
        select count(*) > 0
        from {{ ref('capabilities') }}
        where
            capability = '{{ capability }}'
            and is_supplied
    )
{%- endmacro %}

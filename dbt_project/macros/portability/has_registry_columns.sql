{#- Whether ml.model_registry, which is there, has the columns that it got after Regulars 0.6. -#}
{% macro has_registry_columns() -%}
    {{ return(has_column('ml', 'model_registry', 'scored_by')) }}
{%- endmacro %}

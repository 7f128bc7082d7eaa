{#- Whether ml.model_registry has the columns that it got after Regulars 0.6. -#}
{% macro has_registry_columns() -%}
    {{ return(run_query(
        "select 1 from information_schema.columns where table_schema = 'ml'"
        ~ " and table_name = 'model_registry' and column_name = 'scored_by'"
    ).rows | length > 0) }}
{%- endmacro %}

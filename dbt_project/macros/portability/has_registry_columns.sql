{#- Whether ml.model_registry, which is there, has the columns that it got after Regulars 0.6. -#}
{% macro has_registry_columns() -%}
    {{ return(adapter.dispatch('has_registry_columns', 'regulars')()) }}
{%- endmacro %}

{% macro default__has_registry_columns() -%}
    {{ return(run_query(
        "select 1 from information_schema.columns where table_schema = 'ml'"
        ~ " and table_name = 'model_registry' and column_name = 'scored_by'"
    ).rows | length > 0) }}
{%- endmacro %}

{% macro spark__has_registry_columns() -%}
    {{ return('scored_by' in run_query("show columns in ml.model_registry").columns[0].values()) }}
{%- endmacro %}

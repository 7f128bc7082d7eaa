{#- Where the table is not there yet (dbt parse, dbt compile in an empty warehouse), none. -#}
{% macro supplied_features(numbers_only=false) -%}
    {%- set table = ref('supplied_features') -%}
    {%- if not execute or not table_exists(table.schema, table.identifier) -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set rows = run_query(
        "select feature_name from " ~ table
        ~ (" where transform <> 'none'" if numbers_only else "")
        ~ " order by feature_name"
    ).rows -%}
    {{- return(rows | map(attribute=0) | list) -}}
{%- endmacro %}

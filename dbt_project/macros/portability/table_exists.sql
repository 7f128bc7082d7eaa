{#- Whether a table or view of this schema and name is there. Not by adapter.get_relation: where
    several threads ask for the same schema first, dbt tells all but one of them that a table is
    missing until it has listed the last one (its cache knows the schema from the first one on). -#}
{% macro table_exists(schema, name) -%}
    {{ return(adapter.dispatch('table_exists', 'regulars')(schema, name)) }}
{%- endmacro %}

{% macro default__table_exists(schema, name) -%}
    {{ return(run_query(
        "select 1 from information_schema.tables where table_schema = '" ~ schema
        ~ "' and table_name = '" ~ name ~ "'"
    ).rows | length > 0) }}
{%- endmacro %}

{% macro spark__table_exists(schema, name) -%}
    {%- for row in run_query("show schemas like '" ~ schema ~ "'").rows -%}
        {{ return(run_query("show tables in " ~ schema ~ " like '" ~ name ~ "'").rows | length > 0) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

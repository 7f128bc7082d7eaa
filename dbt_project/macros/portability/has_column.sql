{#- Whether a table, which is there, has a column of this name. -#}
{% macro has_column(schema, table, column) -%}
    {{ return(adapter.dispatch('has_column', 'regulars')(schema, table, column)) }}
{%- endmacro %}

{% macro default__has_column(schema, table, column) -%}
    {{ return(run_query(
        "select 1 from information_schema.columns where table_catalog = current_database()"
        ~ " and table_schema = '" ~ schema ~ "' and table_name = '" ~ table ~ "'"
        ~ " and column_name = '" ~ column ~ "'"
    ).rows | length > 0) }}
{%- endmacro %}

{% macro spark__has_column(schema, table, column) -%}
    {%- set columns = run_query("show columns in " ~ schema ~ "." ~ table).columns[0] -%}
    {{ return(column in columns.values()) }}
{%- endmacro %}

{#- Schema and name of every table and view that is there, as a list of pairs.
    Not by adapter.get_relation, which begins a transaction: dbt rolls it back
    after a hook, with what the hook wrote. -#}
{% macro existing_tables() -%}
    {{ return(adapter.dispatch('existing_tables', 'regulars')()) }}
{%- endmacro %}

{% macro default__existing_tables() -%}
    {%- set there = [] -%}
    {%- for schema, name in run_query(
        'select table_schema, table_name from information_schema.tables'
    ).rows -%}
        {%- do there.append((schema, name)) -%}
    {%- endfor -%}
    {{ return(there) }}
{%- endmacro %}

{% macro spark__existing_tables() -%}
    {%- set there = [] -%}
    {%- for row in run_query('show schemas').rows -%}
        {%- for table in run_query('show tables in ' ~ row[0]).rows -%}
            {%- do there.append((row[0], table[1])) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(there) }}
{%- endmacro %}

{#- Drops what a model left behind in schema marts when it moved to marts_ml,
    once it is built there: a stale table of the same name would mislead. -#}
{% macro drop_moved_marts(results) -%}
{%- if execute and flags.WHICH in ['build', 'run'] -%}
    {%- set moved = [] -%}
    {%- for result in results
        if result.node.resource_type == 'model'
        and result.node.schema == 'marts_ml'
        and result.status | string == 'success' -%}
        {%- do moved.append(('marts', result.node.alias)) -%}
    {%- endfor -%}
    {%- if moved -%}
        {%- for schema, name in existing_tables() if (schema, name) in moved -%}
            {%- do run_query('drop table ' ~ schema ~ '.' ~ name) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endif -%}
{%- endmacro %}

{#- Which as-of date each model was built with last, in raw.model_log. -#}
{% macro record_models(results) -%}
{%- if execute and flags.WHICH in ['build', 'run', 'seed'] -%}
    {%- set names, rows = [], [] -%}
    {%- for result in results
        if result.node.resource_type in ['model', 'seed']
        and result.status | string == 'success' -%}
        {%- do names.append(result.node.name) -%}
        {%- do rows.append(
            "('" ~ result.node.name ~ "', '" ~ result.node.schema ~ "', "
            ~ date_literal(as_of_date()) ~ ", cast('"
            ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S') ~ "' as timestamp))"
        ) -%}
    {%- endfor -%}
    {#- What has left the project goes, too. -#}
    {%- set known = graph.nodes.values() | map(attribute='name') | list -%}
    {%- for (name,) in run_query('select model_name from raw.model_log').rows
        if name not in known -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {%- if rows %}
    delete from raw.model_log where model_name in ('{{ names | join("', '") }}');
    insert into raw.model_log values
    {{ rows | join(',\n    ') }};
    {%- endif -%}
{%- endif -%}
{%- endmacro %}

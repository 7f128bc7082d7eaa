{#- What each table that the tests look at holds now: a dictionary from the
    table's id in the project to its digest. -#}
{% macro read_content_digests(results) -%}
    {%- set relations = {} -%}
    {%- for result in results if result.node.resource_type == 'test' -%}
        {%- for id in result.node.depends_on.nodes -%}
            {%- set node = graph.nodes.get(id) or graph.sources.get(id) -%}
            {%- if node and node.source_name != 'logs' -%}
                {%- do relations.update({id: node}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set there, digests, selects = existing_tables(), {}, [] -%}
    {%- for id, node in relations.items() -%}
        {%- set name = node.identifier or node.alias -%}
        {%- if (node.schema, name) in there -%}
            {%- set relation = api.Relation.create(
                database=target.database, schema=node.schema, identifier=name
            ) -%}
            {%- do selects.append(
                "select '" ~ id ~ "', " ~ content_digest(relation)
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if selects -%}
        {%- for id, digest in run_query(selects | join('\nunion all ')).rows -%}
            {%- do digests.update({id: digest}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(digests) }}
{%- endmacro %}

{#- One row per capability that some mart needs (config.meta.needs), with the
    names of these marts. -#}
{% macro marts_by_need() -%}
{%- set marts = {} -%}
{#- While dbt parses, there is no graph yet. -#}
{%- for node in graph.get('nodes', {}).values() | sort(attribute='name')
    if node.resource_type == 'model' -%}
    {%- for need in node.config.meta.get('needs', []) -%}
        {%- do marts.setdefault(need, []).append(node.name) -%}
    {%- endfor -%}
{%- endfor -%}
{%- if marts -%}
    {%- for need, names in marts.items() %}
    select
        '{{ need }}' as capability,
        '{{ names | join(', ') }}' as marts
    {% if not loop.last %}union all{% endif %}
    {%- endfor -%}
{%- else %}
    select
        cast(null as varchar) as capability,
        cast(null as varchar) as marts
    where false
{%- endif -%}
{%- endmacro %}

{#- What a source says of dates, currency or protocol: in `source_defaults`, else, of a shop with a mapping,
    in its row of `raw.shop_settings`. Before anything is loaded (dbt parse), the project's stand-in. -#}
{% macro source_setting(name) -%}
    {%- set defaults = var('source_defaults')[source_name()] -%}
    {%- if name in defaults -%}
        {{- return(defaults[name]) -}}
    {%- endif -%}
    {%- if execute -%}
        {%- set table = adapter.get_relation(
            database=target.database, schema='raw', identifier='shop_settings'
        ) -%}
        {%- if table is not none -%}
            {{- return(run_query('select ' ~ name ~ ' from ' ~ table).rows[0][0]) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(var('settings_before_the_load')[name]) -}}
{%- endmacro %}

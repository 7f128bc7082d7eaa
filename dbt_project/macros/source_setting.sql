{#- What a source says of dates, currency or protocol: in `source_defaults`, else, of a shop with a
    mapping, in its row of `raw.shop_settings`. Before anything is loaded (dbt parse), the project's
    stand-in. -#}
{% macro source_setting(name) -%}
    {%- set defaults = var('source_defaults')[source_name()] -%}
    {%- if name in defaults -%}
        {{- return(defaults[name]) -}}
    {%- endif -%}
    {%- if execute and table_exists('raw', 'shop_settings') -%}
        {{- return(run_query('select ' ~ name ~ ' from raw.shop_settings').rows[0][0]) -}}
    {%- endif -%}
    {{- return(var('settings_before_the_load')[name]) -}}
{%- endmacro %}

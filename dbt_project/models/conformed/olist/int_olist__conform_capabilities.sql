{# One row per capability; the files of this source are always the same. -#}
{%- set supplied = var('source_defaults')['olist']['capabilities'] -%}
with

int_olist__conform_capabilities as (

    {% for capability in supplied %}
    select
        '{{ capability }}' as capability,
        true as is_supplied,
        {{ not_supplied('capabilities', ['lack', 'remedy']) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from int_olist__conform_capabilities

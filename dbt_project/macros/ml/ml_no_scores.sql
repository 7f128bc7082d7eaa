{% macro ml_no_scores(columns) -%}
select
    {%- for name, kind in columns.items() %}
    cast(null as {{ kind }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('customer_feature_snapshots') }}
where 1 = 0
{%- endmacro %}

{% macro quintile_score(ordering, partition_by=none) -%}
    {%- set rows = 'partition by ' ~ partition_by if partition_by else '' -%}
    cast(
        floor(
            5 * (rank() over ({{ rows }} order by {{ ordering }}) - 1)
            / count(*) over ({{ rows }})
        ) + 1 as integer
    )
{%- endmacro %}

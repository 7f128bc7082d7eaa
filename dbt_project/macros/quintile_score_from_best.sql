{% macro quintile_score_from_best(ordering, partition_by=none) -%}
    {%- set rows = 'partition by ' ~ partition_by if partition_by else '' -%}
    cast(
        5 - floor(
            5 * (rank() over ({{ rows }} order by {{ ordering }}) - 1)
            / count(*) over ({{ rows }})
        ) as integer
    )
{%- endmacro %}

{% macro quintile_score(ordering) -%}
    cast(
        floor(
            5 * (rank() over (order by {{ ordering }}) - 1) / count(*) over ()
        ) + 1 as integer
    )
{%- endmacro %}

{# One row per as-of date: the dates asked for, else the first of each month of
   the usable window; and the as-of date of the build. -#}
with

as_of_dates as (

    {% for value in snapshot_dates() %}
    select
        {{ date_literal(value) }} as as_of_date,
        true as is_snapshot_date
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from as_of_dates

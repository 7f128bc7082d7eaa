{# One row per as-of date. Snapshot dates: those asked for, else the first of
   each month of the usable window; and the as-of date of the build. Stability
   dates, only where no dates were asked for: that date and every stability_step_days
   before it, stability_step_count times, as far as the window reaches. -#}
{%- set snapshot_days, stability_days = snapshot_dates(), stability_dates() -%}
with

as_of_dates as (

    {% for day in (snapshot_days + stability_days) | unique | sort %}
    select
        {{ date_literal(day) }} as as_of_date,
        {{ 'true' if day in snapshot_days else 'false' }} as is_snapshot_date,
        {{ 'true' if day in stability_days else 'false' }} as is_stability_date
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from as_of_dates

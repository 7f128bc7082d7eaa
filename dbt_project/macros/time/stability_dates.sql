{% macro stability_dates() -%}
    {%- if asked_snapshot_dates() -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set start, end = window_start_date(), as_of_date() -%}
    {%- set last_day = modules.datetime.date.fromisoformat(end) -%}
    {%- set dates = [end] -%}
    {%- for step in range(1, var('stability_step_count') + 1) -%}
        {%- set day = (last_day - modules.datetime.timedelta(
            days=step * var('stability_step_days')
        )).isoformat() -%}
        {%- if day >= start -%}
            {%- do dates.append(day) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(dates | sort | list) -}}
{%- endmacro %}

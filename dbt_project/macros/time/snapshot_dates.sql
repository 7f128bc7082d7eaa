{% macro snapshot_dates() -%}
    {%- set start, end = window_start_date(), as_of_date() -%}
    {%- if end <= start -%}
        {%- do exceptions.raise_compiler_error(
            "as_of_date must be after the usable window opens on " ~ start
            ~ ", got '" ~ end ~ "'; set the as-of date (--as-of, REGULARS_AS_OF_DATE) or the"
            ~ " window's first day (REGULARS_WINDOW_START_DATE)"
        ) -%}
    {%- endif -%}
    {%- set latest = (start[:4] | int + var('max_window_years')) ~ start[4:] -%}
    {%- if end > latest -%}
        {%- do exceptions.raise_compiler_error(
            "as_of_date must be at most " ~ var('max_window_years') ~ " years after the usable"
            ~ " window opens on " ~ start ~ ", got '" ~ end ~ "'; set the as-of date (--as-of,"
            ~ " REGULARS_AS_OF_DATE) or the window's first day (REGULARS_WINDOW_START_DATE)"
        ) -%}
    {%- endif -%}
    {%- set asked = asked_snapshot_dates() -%}
    {%- set dates = [] -%}
    {%- for value in asked -%}
        {%- set day = checked_date('each of snapshot_dates', value) -%}
        {%- if day > end -%}
            {%- do exceptions.raise_compiler_error(
                "each of snapshot_dates must be " ~ end ~ " (the as-of date of the build) or"
                ~ " before, got '" ~ day ~ "'; leave it out, or build as of a later date"
            ) -%}
        {%- endif -%}
        {%- do dates.append(day) -%}
    {%- endfor -%}
    {%- if not asked -%}
        {%- set year, month = (start[:4] | int), (start[5:7] | int) -%}
        {%- for step in range(var('max_window_years') * 12 + 1) -%}
            {%- set index = year * 12 + month - 1 + step -%}
            {%- set first = '%04d-%02d-01' | format(index // 12, index % 12 + 1) -%}
            {%- if start <= first and first < end -%}
                {%- do dates.append(first) -%}
            {%- endif -%}
        {%- endfor -%}
        {#- Those that the shop states for its models, too. -#}
        {%- set stated = (source_setting('training_dates') or '').replace(',', ' ').split()
            + [(source_setting('test_date') or '') | string] -%}
        {%- for day in stated -%}
            {%- if day and start <= day and day < end -%}
                {%- do dates.append(checked_date('each of the protocol\'s dates', day)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do dates.append(end) -%}
    {{- return(dates | unique | sort | list) -}}
{%- endmacro %}

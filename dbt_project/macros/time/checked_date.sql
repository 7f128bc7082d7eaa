{% macro checked_date(name, value) -%}
    {%- if not modules.re.match('[0-9]{4}-[0-9]{2}-[0-9]{2}\\Z', value | string) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ " must look like 2018-09-01, got '" ~ value ~ "'"
        ) -%}
    {%- endif -%}
    {%- set parts = (value | string).split('-') -%}
    {%- set year, month, day = parts[0] | int, parts[1] | int, parts[2] | int -%}
    {%- set is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
    {%- set last_days = [
        31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    ] -%}
    {%- if month not in range(1, 13) or day not in range(1, last_days[month - 1] + 1) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ " must be a day of the calendar, got '" ~ value ~ "'"
        ) -%}
    {%- endif -%}
    {{- return(value | string) -}}
{%- endmacro %}

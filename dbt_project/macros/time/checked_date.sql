{% macro checked_date(name, value) -%}
    {%- if not modules.re.match('^\\d{4}-\\d{2}-\\d{2}$', value | string) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ " must look like 2018-09-01, got '" ~ value ~ "'"
        ) -%}
    {%- endif -%}
    {%- set parts = (value | string).split('-') -%}
    {%- set month, day = parts[1] | int, parts[2] | int -%}
    {%- if month < 1 or month > 12 or day < 1 or day > 31 -%}
        {%- do exceptions.raise_compiler_error(
            name ~ " must be a day of the calendar, got '" ~ value ~ "'"
        ) -%}
    {%- endif -%}
    {{- return(value | string) -}}
{%- endmacro %}

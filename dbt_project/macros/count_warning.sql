{% macro count_warning(warning_code, rows, condition, whole='1 = 1', amount='') -%}
    select
        '{{ warning_code }}' as warning_code,
        count(case when {{ condition }} then 1 end) as row_count,
        count(case when {{ whole }} then 1 end) as row_total,
        {% if amount -%}
        {{ money('sum(case when ' ~ condition ~ ' then ' ~ amount ~ ' end)') }}
        {%- else -%}
        {{ money('null') }}
        {%- endif %} as amount
    from {{ rows }}
{%- endmacro %}

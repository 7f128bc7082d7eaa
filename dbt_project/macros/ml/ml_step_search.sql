{% macro ml_step_search(feature, thresholds, terms) -%}
    {%- if not thresholds -%}
        {{- terms[0] -}}
    {%- else -%}
        {%- set half = thresholds | length // 2 -%}
        {{- 'case when ' ~ feature ~ ' <= ' ~ thresholds[half] ~ ' then '
            ~ ml_step_search(feature, thresholds[:half], terms[:half + 1])
            ~ ' else '
            ~ ml_step_search(feature, thresholds[half + 1:], terms[half + 1:])
            ~ ' end' -}}
    {%- endif -%}
{%- endmacro %}

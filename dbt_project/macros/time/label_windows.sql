{#- Days within which a customer comes back or not: those of the project, and the protocol's. -#}
{% macro label_windows() -%}
    {{- return(
        (var('label_window_days') + [source_setting('churn_label_window_days') | int])
        | unique | sort | list
    ) -}}
{%- endmacro %}

{#- A comparison with a missing value is not true, so it goes to the else. -#}
{% macro ml_tree(live_model, node) -%}
    {%- set parameters = live_model.parameters -%}
    {%- if node in parameters.leaf_value -%}
        {{- parameters.leaf_value[node][''][''] -}}
    {%- else -%}
        {%- set left = ml_tree(
            live_model, parameters.left_child[node][''][''] | float | int | string
        ) -%}
        {%- set right = ml_tree(
            live_model, parameters.right_child[node][''][''] | float | int | string
        ) -%}
        {%- if node in parameters.get('is_known_split', {}) -%}
            {%- set feature = parameters.is_known_split[node] | first -%}
            {{- 'case when ' ~ feature ~ ' is null then ' ~ right
                ~ ' else ' ~ left ~ ' end' -}}
        {%- else -%}
            {%- set feature = parameters.threshold[node] | first -%}
            {%- set threshold = parameters.threshold[node][feature][''] -%}
            {%- if node in parameters.get('is_missing_left', {}) -%}
                {{- 'case when ' ~ feature ~ ' > ' ~ threshold ~ ' then '
                    ~ right ~ ' else ' ~ left ~ ' end' -}}
            {%- else -%}
                {{- 'case when ' ~ feature ~ ' <= ' ~ threshold ~ ' then '
                    ~ left ~ ' else ' ~ right ~ ' end' -}}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- A value missing compares as neither, so it arrives at the last interval. -#}
{% macro ml_step_function(live_model, feature) -%}
    {%- set parameters = live_model.parameters -%}
    {%- set thresholds, terms = [], [] -%}
    {%- for by_feature in parameters.get('threshold', {}).values()
        if feature in by_feature -%}
        {%- do thresholds.append(by_feature[feature]['']) -%}
    {%- endfor -%}
    {%- for by_feature in parameters.term.values()
        if feature in by_feature -%}
        {%- do terms.append(by_feature[feature]['']) -%}
    {%- endfor -%}
    {%- set missing = parameters.missing_term['-1'][feature][''] -%}
    {%- do terms.append(
        'case when ' ~ feature ~ ' is null then ' ~ missing
        ~ ' else ' ~ terms.pop() ~ ' end'
    ) -%}
    {{ ml_step_search(feature, thresholds, terms) }}
{%- endmacro %}

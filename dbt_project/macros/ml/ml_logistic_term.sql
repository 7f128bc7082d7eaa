{% macro ml_logistic_term(live_model, feature) -%}
    {{ live_model.parameters.coefficient['-1'][feature][''] }}
    * ({{ ml_scaled_feature(live_model, feature) }})
{%- endmacro %}

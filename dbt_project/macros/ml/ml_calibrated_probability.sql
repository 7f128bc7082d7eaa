{% macro ml_calibrated_probability(live_model, probability) -%}
    {{ probability }}
{%- endmacro %}

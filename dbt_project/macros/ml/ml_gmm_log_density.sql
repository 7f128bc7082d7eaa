{% macro ml_gmm_log_density(live_model, component) -%}
    {%- set parameters = live_model.parameters -%}
    {%- set means = parameters.mean[component] -%}
    {%- set cholesky = parameters.precision_cholesky[component] -%}
    ln({{ parameters.weight[component][''][''] }})
    - 0.5e0 * {{ live_model.feature_names | length }}e0
    * ln(2e0 * pi())
    {%- for feature in live_model.feature_names %}
    + ln({{ cholesky[feature][feature] }})
    {%- endfor %}
    - 0.5e0 * (
    {%- for paired in live_model.feature_names %}
        {{ '+ ' if not loop.first }}pow(
            {%- for feature in live_model.feature_names
                if paired in cholesky[feature] %}
            {{ '+ ' if not loop.first }}({{ feature }} - {{ means[feature][''] }})
            * {{ cholesky[feature][paired] }}
            {%- endfor %},
            2e0
        )
    {%- endfor %}
    )
{%- endmacro %}

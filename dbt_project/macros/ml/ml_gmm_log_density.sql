{#- Squares are products, as in ml_kmeans_distance: pow() takes half of all the time. -#}
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
        {%- set projected %}(
            {%- for feature in live_model.feature_names
                if paired in cholesky[feature] %}
            {{ '+ ' if not loop.first }}({{ feature }} - {{ means[feature][''] }})
            * {{ cholesky[feature][paired] }}
            {%- endfor %}
        )
        {%- endset %}
        {{ '+ ' if not loop.first }}{{ projected }} * {{ projected }}
    {%- endfor %}
    )
{%- endmacro %}

{#- Whitened differences as in scikit-learn: x U less mean U, column by column; the latter is a
    constant that the engine works out once. Squares are products: pow() takes half of the time. -#}
{% macro ml_gmm_log_density(live_model, component, scaled) -%}
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
        {%- set weights = [] -%}
        {%- for feature in live_model.feature_names -%}
            {%- do weights.append(cholesky[feature].get(paired, '0e0')) -%}
        {%- endfor -%}
        {%- set whitened %}(
            {{ dot_product(scaled, weights) }}
            - (
            {%- for feature in live_model.feature_names
                if paired in cholesky[feature] %}
            {{ '+ ' if not loop.first }}{{ means[feature][''] }}
            * {{ cholesky[feature][paired] }}
            {%- endfor %}
            )
        )
        {%- endset %}
        {{ '+ ' if not loop.first }}{{ whitened }} * {{ whitened }}
    {%- endfor %}
    )
{%- endmacro %}

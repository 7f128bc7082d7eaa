{#- `caller` says what one feature of a live model adds to the log-odds. -#}
{% macro ml_term_scores(scoring_model) -%}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('churn', scoring_model) -%}
{%- if live is none -%}

{{ ml_no_churn_scores() }}

{%- else -%}
{%- do ml_require_features(live, features) -%}

with

double_features as (

    {{ ml_double_features(live) }}

),

terms as (

    select
        customer_id,
        {% for feature in live.feature_names %}
        {{ caller(live, feature) }} as {{ feature }}_term,
        {% endfor %}
        as_of_date
    from double_features

),

probabilities as (

    select
        terms.*,
        1e0 / (1e0 + exp(-(
            {{ live.parameters.intercept['-1'][''][''] }}
            {% for feature in live.feature_names %}
            + {{ feature }}_term
            {% endfor %}
        ))) as fitted_probability
    from terms

)

select
    customer_id,
    as_of_date,
    '{{ live.model_id }}' as model_id,
    {% for feature in live.feature_names %}
    {{ feature }}_term,
    {% endfor %}
    {{ ml_calibrated_probability(live, 'fitted_probability') }}
        as return_probability
from probabilities
{%- endif %}
{%- endmacro %}

{# One row per person with an order before the as-of date: the probability that
   they return, and what each feature's step function adds to its log-odds. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('churn', 'additive') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as date) as as_of_date,
    cast(null as varchar) as model_id,
    cast(null as {{ type_double() }}) as return_probability
from {{ features }}
where 1 = 0

{%- else -%}
{%- do ml_require_features(live, features) -%}

with

customer_feature_snapshots as (

    select * from {{ features }}

),

double_features as (

    select
        customer_id,
        {% for feature in live.feature_names %}
        cast({{ feature }} as {{ type_double() }}) as {{ feature }},
        {% endfor %}
        as_of_date
    from customer_feature_snapshots
    where as_of_date = {{ date_literal(as_of_date()) }}

),

terms as (

    select
        customer_id,
        {% for feature in live.feature_names %}
        {{ ml_step_function(live, feature) }}
            as {{ feature }}_term,
        {% endfor %}
        as_of_date
    from double_features

),

probabilities as (

    select
        *,
        1e0 / (1e0 + exp(-(
            {{ live.parameters.intercept['-1'][''][''] }}
            {% for feature in live.feature_names %}
            + {{ feature }}_term
            {% endfor %}
        ))) as fitted_probability
    from terms

),

churn_additive_terms as (

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

)

select * from churn_additive_terms
{%- endif %}

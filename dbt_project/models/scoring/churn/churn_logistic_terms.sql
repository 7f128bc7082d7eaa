{# One row per person with an order before the as-of date: the probability that
   they return, and the term that each feature adds to its log-odds (before
   recalibration, which stretches all terms alike). -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('churn', 'logistic') -%}
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

terms as (

    select
        customer_id,
        {% for feature in live.feature_names %}
        {{ ml_logistic_term(live, feature) }}
            as {{ feature }}_term,
        {% endfor %}
        as_of_date
    from customer_feature_snapshots
    where as_of_date = {{ date_literal(as_of_date()) }}

),

raw_probabilities as (

    select
        terms.*,
        1e0 / (1e0 + exp(-(
            {{ live.parameters.intercept['-1'][''][''] }}
            {% for feature in live.feature_names %}
            + {{ feature }}_term
            {% endfor %}
        ))) as raw_probability
    from terms

),

churn_logistic_terms as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        {% for feature in live.feature_names %}
        {{ feature }}_term,
        {% endfor %}
        {{ ml_calibrated_probability(live, 'raw_probability') }}
            as return_probability
    from raw_probabilities

)

select * from churn_logistic_terms
{%- endif %}

{# One row per person with an order before the as-of date: the probability that
   they return, the mean over the trees of the share in the leaf they reach. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set written_back = source('ml', 'library_scores') -%}
{%- set live = ml_live_model('churn', 'random_forest') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as date) as as_of_date,
    cast(null as varchar) as model_id,
    cast(null as {{ type_double() }}) as return_probability
from {{ features }}
where 1 = 0

{%- elif live.scored_by == 'library' -%}
{%- do ml_require_library_scores(live, written_back) -%}

with

library_scores as (

    select * from {{ written_back }}

),

churn_random_forest as (

    select
        customer_id,
        as_of_date,
        model_id,
        return_probability
    from library_scores
    where
        model_id = '{{ live.model_id }}'
        and as_of_date = {{ date_literal(as_of_date()) }}

)

select * from churn_random_forest

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

probabilities as (

    select
        customer_id,
        as_of_date,
        (
            {{ ml_tree_ensemble(live) }}
        ) / {{ live.parameters.root | length }}e0
            as fitted_probability
    from double_features

),

churn_random_forest as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        {{ ml_calibrated_probability(live, 'fitted_probability') }}
            as return_probability
    from probabilities

)

select * from churn_random_forest
{%- endif %}

{# One row per person with an order before the as-of date: the champion's return
   probability. Empty while no churn model is champion: what was refused does
   not score. -#}
{%- set families = [
    'logistic', 'additive', 'random_forest', 'boosting'
] -%}
{%- set tables = {
    'logistic': ref('churn_logistic_terms'),
    'additive': ref('churn_additive_terms'),
    'random_forest': ref('churn_random_forest'),
    'boosting': ref('churn_boosting'),
} -%}
with

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

every_family as (

    {% for family in families %}
    select
        customer_id,
        as_of_date,
        model_id,
        return_probability
    from {{ tables[family] }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

churn_scores as (

    select
        every_family.customer_id,
        every_family.as_of_date,
        every_family.model_id,
        model_registry.family,
        every_family.return_probability
    from every_family
    inner join model_registry
        on every_family.model_id = model_registry.model_id
    where model_registry.status = 'champion'

)

select * from churn_scores

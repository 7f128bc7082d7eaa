{# One row per person with an order before the as-of date: the champion's return
   probability. Empty while no churn model is champion: what was refused does
   not score. -#}
with

live_models as (

    select * from {{ ref('live_models') }}

),

model_families as (

    select * from {{ source('ml', 'model_families') }}

),

library_scores as (

    select * from {{ source('ml', 'library_scores') }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

library_families as (

    select family from model_families
    where purpose = 'churn' and scoring_model = 'library'

),

scored_in_sql as (

    {% for scoring_model in scoring_models('churn') %}
    select
        customer_id,
        as_of_date,
        model_id,
        return_probability
    from {{ ref(scoring_model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

churn_scores as (

    select
        scored_in_sql.customer_id,
        scored_in_sql.as_of_date,
        scored_in_sql.model_id,
        live_models.family,
        scored_in_sql.return_probability
    from scored_in_sql
    inner join live_models
        on scored_in_sql.model_id = live_models.model_id
    where live_models.is_champion
    union all
    select
        library_scores.customer_id,
        library_scores.as_of_date,
        library_scores.model_id,
        live_models.family,
        library_scores.score as return_probability
    from library_scores
    inner join live_models
        on library_scores.model_id = live_models.model_id
    inner join library_families
        on live_models.family = library_families.family
    where live_models.is_champion

)

select * from churn_scores

{# One row per live churn model, split, scorer, curve and point. -#}
with

live_models as (

    select * from {{ ref('live_models') }}

),

model_curves as (

    select * from {{ source('ml', 'model_curves') }}

),

churn_curves as (

    select
        live_models.model_id,
        live_models.family,
        live_models.is_champion,
        model_curves.split,
        model_curves.scorer,
        model_curves.curve_name,
        model_curves.point_number,
        model_curves.x_value,
        model_curves.y_value,
        model_curves.lower_bound,
        model_curves.upper_bound,
        model_curves.customer_count,
        model_curves.returning_count
    from live_models
    inner join model_curves
        on live_models.model_id = model_curves.model_id

)

select * from churn_curves

{# One row per live churn model, split, scorer, curve and point.
   Waits for the choice of champions: all marts are built by one run of dbt. -#}
with

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

model_curves as (

    select * from {{ source('ml', 'model_curves') }}

),

churn_curves as (

    select
        model_registry.model_id,
        model_registry.family,
        model_registry.status = 'champion' as is_champion,
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
    from model_curves
    inner join model_registry
        on model_curves.model_id = model_registry.model_id
    where
        model_registry.status in ('champion', 'challenger')
        and model_registry.as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from churn_curves

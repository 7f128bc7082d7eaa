{# One row per live churn model, scorer (the model, or a baseline beside it)
   and share of customers contacted, the best-scored first. -#}
with

churn_curves as (

    select * from {{ ref('churn_curves') }}
    where curve_name = 'lift'

),

churn_lift as (

    select
        model_id,
        family,
        is_champion,
        scorer,
        point_number as contacted_percent,
        x_value as contacted_share,
        y_value as lift,
        lower_bound as lift_lower_bound,
        upper_bound as lift_upper_bound,
        x_value * y_value as recall_share
    from churn_curves

)

select * from churn_lift

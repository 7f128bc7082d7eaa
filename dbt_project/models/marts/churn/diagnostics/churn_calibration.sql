{# One row per live churn model and bin of its predicted probabilities: what was
   predicted of the test period, and what came true. -#}
with

churn_curves as (

    select * from {{ ref('churn_curves') }}
    where curve_name = 'calibration' and scorer = 'model'

),

churn_calibration as (

    select
        model_id,
        family,
        is_champion,
        point_number as bin_number,
        x_value as mean_return_probability,
        y_value as returning_share,
        lower_bound,
        upper_bound,
        customer_count,
        returning_count
    from churn_curves

)

select * from churn_calibration

{# One row: how churn models are fitted, judged and used, as dbt_project.yml
   says. Python reads it here, so that both sides hold to the same. -#}
{%- set defaults = var("source_defaults")[source_name()] -%}
with

churn_protocol as (

    select
        cast(
            {{ defaults["churn_label_window_days"] }} as integer
        ) as label_window_days,
        cast(
            {{ defaults["churn_training_date_count"] }} as integer
        ) as training_date_count,
        cast(
            {{ defaults["churn_training_gap_days"] }} as integer
        ) as training_gap_days,
        cast(
            {{ var("churn_least_returning_count") }} as integer
        ) as least_returning_count,
        cast(
            {{ defaults["most_plausible_roc_auc"] }} as {{ type_double() }}
        ) as most_plausible_roc_auc,
        cast(
            {{ var("churn_least_calibration_slope") }} as {{ type_double() }}
        ) as least_calibration_slope,
        cast(
            {{ var("churn_most_calibration_slope") }} as {{ type_double() }}
        ) as most_calibration_slope,
        {{ money(defaults["contact_cost_amount"]) }} as contact_cost_amount,
        {{ money(defaults["return_value_amount"]) }} as return_value_amount

)

select * from churn_protocol

{# One row: how churn models are fitted, judged and used, as dbt_project.yml
   or the shop's mapping and history say. Python reads it here, so that both
   sides hold to the same. -#}
{%- set most_plausible_roc_auc = source_setting('most_plausible_roc_auc') -%}
{%- set most_plausible_gain = source_setting('most_plausible_roc_auc_gain') -%}
{%- set contact_cost_amount = source_setting('contact_cost_amount') -%}
{%- set training_dates = source_setting('training_dates') -%}
{%- set test_date = source_setting('test_date') -%}
{%- set return_value_amount = source_setting('return_value_amount') -%}
with

churn_protocol as (

    select
        cast(
            {{ source_setting('churn_label_window_days') }} as integer
        ) as label_window_days,
        cast(
            {{ source_setting('churn_training_date_count') }} as integer
        ) as training_date_count,
        cast(
            {{ source_setting('churn_training_gap_days') }} as integer
        ) as training_gap_days,
        cast(
            {{ var("churn_least_returning_count") }} as integer
        ) as least_returning_count,
        cast(
            {{ most_plausible_roc_auc }} as {{ type_double() }}
        ) as most_plausible_roc_auc,
        cast(
            {{ 'null' if most_plausible_gain is none else most_plausible_gain }}
            as {{ type_double() }}
        ) as most_plausible_roc_auc_gain,
        cast(
            {{ var("churn_least_calibration_slope") }} as {{ type_double() }}
        ) as least_calibration_slope,
        cast(
            {{ var("churn_most_calibration_slope") }} as {{ type_double() }}
        ) as most_calibration_slope,
        {{ money(contact_cost_amount) }} as contact_cost_amount,
        {{ money(return_value_amount) }} as return_value_amount,
        cast(
            {{ "'" ~ training_dates ~ "'" if training_dates else 'null' }}
            as varchar
        ) as training_dates,
        {{ date_literal(test_date) if test_date else 'cast(null as date)' }}
            as test_date

)

select * from churn_protocol

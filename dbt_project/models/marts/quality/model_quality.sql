{# One row per model that is live or not eligible, split and metric, beside the
   best baseline. -#}
with

live_models as (

    select * from {{ ref('live_models') }}

),

model_metrics as (

    select * from {{ source('ml', 'model_metrics') }}

),

model_quality as (

    select
        live_models.model_id,
        live_models.purpose,
        live_models.family,
        live_models.family_name,
        live_models.is_baseline,
        model_metrics.split,
        model_metrics.metric_name,
        model_metrics.metric_value,
        model_metrics.lower_bound,
        model_metrics.upper_bound,
        model_metrics.baseline_name,
        model_metrics.baseline_value,
        cast(live_models.status as varchar) as status,
        live_models.is_champion,
        live_models.status_reason,
        live_models.training_dates,
        live_models.test_date,
        live_models.fitted_dates
    from live_models
    inner join model_metrics
        on live_models.model_id = model_metrics.model_id

)

select * from model_quality

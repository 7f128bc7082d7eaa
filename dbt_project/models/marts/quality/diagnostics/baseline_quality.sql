{# One row per live churn model, split, baseline and metric. -#}
with

live_models as (

    select * from {{ ref('live_models') }}

),

baseline_metrics as (

    select * from {{ source('ml', 'baseline_metrics') }}

),

metric_labels as (

    select * from {{ ref('metric_labels') }}

),

baseline_quality as (

    select
        live_models.model_id,
        live_models.purpose,
        live_models.family,
        live_models.family_name,
        live_models.is_baseline,
        live_models.is_champion,
        baseline_metrics.split,
        baseline_metrics.baseline_name,
        baseline_metrics.metric_name,
        cast(
            coalesce(
                metric_labels.metric_label,
                replace(baseline_metrics.metric_name, '_', ' ')
            ) as varchar
        ) as metric_label,
        baseline_metrics.metric_value,
        baseline_metrics.lower_bound,
        baseline_metrics.upper_bound,
        baseline_metrics.gain,
        baseline_metrics.gain_lower_bound,
        baseline_metrics.gain_upper_bound
    from live_models
    inner join baseline_metrics
        on live_models.model_id = baseline_metrics.model_id
    left join metric_labels
        on baseline_metrics.metric_name = metric_labels.metric_name

)

select * from baseline_quality

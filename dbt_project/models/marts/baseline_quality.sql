{# One row per live churn model, split, simple rule and metric. -#}
with

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

baseline_metrics as (

    select * from {{ source('ml', 'baseline_metrics') }}

),

model_families as (

    select * from {{ ref('model_families') }}

),

baseline_quality as (

    select
        model_registry.model_id,
        model_registry.purpose,
        model_registry.family,
        model_families.family_name,
        model_registry.status = 'champion' as is_champion,
        baseline_metrics.split,
        baseline_metrics.baseline_name,
        baseline_metrics.metric_name,
        baseline_metrics.metric_value,
        baseline_metrics.lower_bound,
        baseline_metrics.upper_bound,
        baseline_metrics.gain,
        baseline_metrics.gain_lower_bound,
        baseline_metrics.gain_upper_bound
    from baseline_metrics
    inner join model_registry
        on baseline_metrics.model_id = model_registry.model_id
    inner join model_families
        on model_registry.family = model_families.family
    where
        model_registry.status in ('champion', 'challenger')
        and model_registry.as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from baseline_quality

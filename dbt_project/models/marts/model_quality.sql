{# One row per live model, split and metric, beside the best simple rule. -#}
with

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

model_metrics as (

    select * from {{ source('ml', 'model_metrics') }}

),

model_families as (

    select * from {{ ref('model_families') }}

),

model_quality as (

    select
        model_registry.model_id,
        model_registry.purpose,
        model_registry.family,
        model_families.family_name,
        model_metrics.split,
        model_metrics.metric_name,
        model_metrics.metric_value,
        model_metrics.lower_bound,
        model_metrics.upper_bound,
        model_metrics.baseline_name,
        model_metrics.baseline_value,
        model_registry.status = 'champion' as is_champion,
        model_registry.status_reason,
        {{ listed_dates('model_registry.settings', 'training_dates') }}
            as training_dates,
        cast(
            {{ json_text('model_registry.settings', 'test_date') }} as date
        ) as test_date,
        {{ listed_dates('model_registry.settings', 'fitted_dates') }}
            as fitted_dates
    from model_registry
    inner join model_metrics
        on model_registry.model_id = model_metrics.model_id
    inner join model_families
        on model_registry.family = model_families.family
    where
        model_registry.status in ('champion', 'challenger')
        and model_registry.as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from model_quality

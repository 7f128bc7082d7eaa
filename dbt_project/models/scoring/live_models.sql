{{ config(materialized='view') }}
{# One row per model that this build may use or has refused: fitted as of its
   date or before, and champion, challenger or not eligible. A row of the
   registry that only says why nothing was fitted has no family, so it is not
   here. A view, so that it is never older than the registry. -#}
with

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

model_families as (

    select * from {{ source('ml', 'model_families') }}

),

live_models as (

    select
        model_registry.model_id,
        model_registry.purpose,
        model_registry.family,
        model_families.family_name,
        model_families.is_baseline,
        model_registry.status,
        model_registry.status = 'champion' as is_champion,
        model_registry.status_reason,
        model_registry.verdict,
        model_registry.as_of_date,
        model_registry.trained_at,
        {{ listed_dates('model_registry.settings', 'training_dates') }}
            as training_dates,
        model_registry.test_date,
        model_registry.label_window_days,
        {{ listed_dates('model_registry.settings', 'fitted_dates') }}
            as fitted_dates,
        model_registry.scored_by
    from model_registry
    inner join model_families
        on model_registry.family = model_families.family
    where
        (
            {{ ml_may_score('model_registry') }}
            or model_registry.status = 'not_eligible'
        )
        and {{ ml_is_of_the_time('model_registry') }}

)

select * from live_models

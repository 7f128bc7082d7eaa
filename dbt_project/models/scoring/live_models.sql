{# One row per model that this build may use or has refused: fitted as of its
   date or before, and champion, challenger or not eligible. A row of the
   registry that only says why nothing was fitted has no family, so it is not
   here. -#}
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
        {{ listed_dates('model_registry.settings', 'training_dates') }}
            as training_dates,
        cast(
            {{ json_text('model_registry.settings', 'test_date') }} as date
        ) as test_date,
        {{ listed_dates('model_registry.settings', 'fitted_dates') }}
            as fitted_dates
    from model_registry
    inner join model_families
        on model_registry.family = model_families.family
    where
        model_registry.status in ('champion', 'challenger', 'not_eligible')
        and model_registry.as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from live_models

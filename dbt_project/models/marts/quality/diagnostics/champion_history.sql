{# One row per change of champion, with how both models did on their tests. -#}
with

champion_history_rows as (

    select * from {{ source('ml', 'champion_history') }}

),

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

model_metrics as (

    select * from {{ source('ml', 'model_metrics') }}

),

model_families as (

    select * from {{ source('ml', 'model_families') }}

),

tested_models as (

    select
        model_registry.model_id,
        model_registry.family,
        model_families.family_name,
        model_metrics.metric_value as test_roc_auc,
        model_metrics.lower_bound,
        model_metrics.upper_bound
    from model_registry
    inner join model_families
        on model_registry.family = model_families.family
    left join model_metrics
        on
            model_registry.model_id = model_metrics.model_id
            and model_metrics.split = 'test'
            and model_metrics.metric_name = 'roc_auc'

),

champion_history as (

    select
        champion_history_rows.change_number,
        champion_history_rows.changed_at,
        champion_history_rows.purpose,
        champion_history_rows.model_id,
        new_models.family,
        new_models.family_name,
        new_models.test_roc_auc,
        new_models.lower_bound as test_lower_bound,
        new_models.upper_bound as test_upper_bound,
        champion_history_rows.former_model_id,
        former_models.family as former_family,
        former_models.test_roc_auc as former_test_roc_auc,
        former_models.lower_bound as former_test_lower_bound,
        former_models.upper_bound as former_test_upper_bound,
        champion_history_rows.action,
        champion_history_rows.reason
    from champion_history_rows
    left join tested_models as new_models
        on champion_history_rows.model_id = new_models.model_id
    left join tested_models as former_models
        on champion_history_rows.former_model_id = former_models.model_id

)

select * from champion_history

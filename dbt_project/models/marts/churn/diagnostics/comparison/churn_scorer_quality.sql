{# One row per churn model, or baseline that is no such model, split and metric,
   with the value to compare it with. -#}
with

model_quality as (

    select * from {{ ref('model_quality') }}
    where purpose = 'churn' and split in ('cross_validation', 'test')

),

baseline_quality as (

    select * from {{ ref('baseline_quality') }}
    where purpose = 'churn' and split = 'test'

),

churn_models as (

    select * from {{ ref('churn_models') }}

),

metric_labels as (

    select * from {{ ref('metric_labels') }}

),

judged_models as (

    select distinct
        model_id,
        is_champion,
        is_baseline
    from baseline_quality

),

{# Each model has baselines of its own test: they are shown of one model, the
   champion where there is one. #}
ranked_models as (

    select
        model_id,
        row_number() over (
            order by
                case when is_champion then 0 else 1 end,
                case when is_baseline then 1 else 0 end,
                model_id
        ) as model_rank
    from judged_models

),

baselines as (

    select baseline_quality.*
    from baseline_quality
    inner join ranked_models
        on baseline_quality.model_id = ranked_models.model_id
    where
        ranked_models.model_rank = 1
        and baseline_quality.baseline_name not in (
            select churn_models.family_name from churn_models
        )

),

scorers as (

    select
        model_quality.model_id,
        churn_models.model_label as scorer,
        model_quality.is_baseline,
        model_quality.is_champion,
        model_quality.split,
        model_quality.metric_name,
        model_quality.metric_value,
        model_quality.lower_bound,
        model_quality.upper_bound,
        churn_models.roc_auc_gain
    from model_quality
    inner join churn_models
        on model_quality.model_id = churn_models.model_id
    union all
    select
        cast(null as varchar) as model_id,
        baseline_name as scorer,
        true as is_baseline,
        false as is_champion,
        split,
        metric_name,
        metric_value,
        lower_bound,
        upper_bound,
        null as roc_auc_gain
    from baselines

),

churn_scorer_quality as (

    select
        scorers.model_id,
        cast(scorers.scorer as varchar) as scorer,
        scorers.is_baseline,
        scorers.is_champion,
        scorers.split,
        cast(
            case scorers.split
                when 'test' then 'later period' else 'cross-validated'
            end as varchar
        ) as split_label,
        scorers.metric_name,
        cast(
            coalesce(
                metric_labels.metric_label,
                replace(scorers.metric_name, '_', ' ')
            ) as varchar
        ) as metric_label,
        scorers.metric_value,
        scorers.lower_bound,
        scorers.upper_bound,
        cast(metric_labels.reference_value as {{ type_double() }})
            as reference_value,
        scorers.roc_auc_gain
    from scorers
    left join metric_labels
        on scorers.metric_name = metric_labels.metric_name

)

select * from churn_scorer_quality

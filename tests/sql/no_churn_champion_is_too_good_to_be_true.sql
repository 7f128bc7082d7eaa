{# Above the source's most plausible ROC AUC, or too far above the best
   baseline of the test, it is a leak until proven otherwise: such a model is
   not eligible, and must not score, however it became champion. One of which
   no figure is known proves nothing. #}
with

scoring_models as (

    select live_models.model_id
    from {{ ref('live_models') }} as live_models
    where
        live_models.purpose = 'churn'
        and live_models.is_champion
    union distinct
    select model_quality.model_id
    from {{ ref('model_quality') }} as model_quality
    where
        model_quality.purpose = 'churn'
        and model_quality.is_champion
    union distinct
    select customer_churn_scores.model_id
    from {{ ref('customer_churn_scores') }} as customer_churn_scores

),

figures as (

    select
        model_metrics.model_id,
        model_metrics.split,
        model_metrics.metric_value,
        model_metrics.baseline_value
    from {{ source('ml', 'model_metrics') }} as model_metrics
    where model_metrics.metric_name = 'roc_auc'
    union distinct
    select
        model_quality.model_id,
        model_quality.split,
        model_quality.metric_value,
        model_quality.baseline_value
    from {{ ref('model_quality') }} as model_quality
    where model_quality.metric_name = 'roc_auc'

)

select
    scoring_models.model_id,
    figures.split,
    figures.metric_value
from scoring_models
cross join {{ ref('churn_protocol') }} as churn_protocol
left join figures
    on scoring_models.model_id = figures.model_id
where
    figures.metric_value is null
    or figures.metric_value > churn_protocol.most_plausible_roc_auc
    or (
        figures.split = 'test'
        and figures.metric_value - figures.baseline_value
        > churn_protocol.most_plausible_roc_auc_gain
    )

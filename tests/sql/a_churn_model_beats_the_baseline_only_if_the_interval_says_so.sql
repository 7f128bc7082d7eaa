{# By the fit's own rows, apart from the marts in between. #}
select
    customer_churn_scores.customer_id,
    customer_churn_scores.model_id,
    model_metrics.lower_bound
from {{ ref('customer_churn_scores') }} as customer_churn_scores
left join {{ source('ml', 'model_metrics') }} as model_metrics
    on
        customer_churn_scores.model_id = model_metrics.model_id
        and model_metrics.split = 'test'
        and model_metrics.metric_name = 'roc_auc_gain'
where
    customer_churn_scores.beats_baseline
    is distinct from coalesce(model_metrics.lower_bound > 0, false)

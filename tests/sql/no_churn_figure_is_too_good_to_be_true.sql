{# Above the source's most plausible ROC AUC it is a leak until proven
   otherwise. #}
select
    model_quality.model_id,
    model_quality.split,
    model_quality.metric_value
from {{ ref('model_quality') }} as model_quality
cross join {{ ref('churn_protocol') }} as churn_protocol
where
    model_quality.purpose = 'churn'
    and model_quality.metric_name = 'roc_auc'
    and model_quality.metric_value > churn_protocol.most_plausible_roc_auc

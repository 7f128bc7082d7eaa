{# What was refused, retired or could not be fitted gives no probabilities. #}
select customer_churn_scores.customer_id
from {{ ref('customer_churn_scores') }} as customer_churn_scores
left join {{ source('ml', 'model_registry') }} as model_registry
    on customer_churn_scores.model_id = model_registry.model_id
where
    model_registry.status is distinct from 'champion'
    or model_registry.purpose is distinct from 'churn'

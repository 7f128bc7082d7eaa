{# What was refused, retired or could not be fitted gives no probabilities. #}
select customer_churn_scores.customer_id
from {{ ref('customer_churn_scores') }} as customer_churn_scores
left join {{ ref('live_models') }} as live_models
    on customer_churn_scores.model_id = live_models.model_id
where
    live_models.is_champion is distinct from true
    or live_models.purpose is distinct from 'churn'

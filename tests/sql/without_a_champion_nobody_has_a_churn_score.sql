{# What was refused, or could not be fitted, gives no probabilities. #}
select customer_churn_scores.customer_id
from {{ ref('customer_churn_scores') }} as customer_churn_scores
left join {{ ref('churn_verdict') }} as churn_verdict
    on customer_churn_scores.model_id = churn_verdict.model_id
where churn_verdict.status is distinct from 'champion'

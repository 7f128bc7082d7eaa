{# Each person of the snapshot once. #}
select customer_feature_snapshots.customer_id
from {{ ref('customer_feature_snapshots') }} as customer_feature_snapshots
cross join {{ ref('churn_verdict') }} as churn_verdict
left join {{ ref('customer_churn_scores') }} as customer_churn_scores
    on
        customer_feature_snapshots.customer_id
        = customer_churn_scores.customer_id
where
    churn_verdict.status = 'champion'
    and customer_feature_snapshots.as_of_date = churn_verdict.as_of_date
    and customer_churn_scores.customer_id is null

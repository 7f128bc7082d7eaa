{# Names the customers whose features left a live model without an answer. #}
select
    'kmeans' as model_family,
    customer_id
from {{ ref('segments_kmeans') }}
where segment_id is null
union all
select
    'gmm' as model_family,
    customer_id
from {{ ref('segments_gmm') }}
where segment_id is null or membership_probability is null
union all
select
    'logistic' as model_family,
    customer_id
from {{ ref('churn_logistic_terms') }}
where return_probability is null
union all
select
    'additive' as model_family,
    customer_id
from {{ ref('churn_additive_terms') }}
where return_probability is null
union all
select
    'random forest' as model_family,
    customer_id
from {{ ref('churn_random_forest') }}
where return_probability is null
union all
select
    'boosting' as model_family,
    customer_id
from {{ ref('churn_boosting') }}
where return_probability is null
union all
select
    'bg_nbd' as model_family,
    customer_id
from {{ ref('churn_bg_nbd') }}
where return_probability is null

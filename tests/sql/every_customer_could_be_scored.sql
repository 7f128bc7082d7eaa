{# Names the customers whose features left a live model without an answer. #}
{% for scoring_model in scoring_models('segmentation') %}
select
    '{{ scoring_model }}' as scoring_model,
    customer_id
from {{ ref(scoring_model) }}
where segment_id is null or is_near_border is null
union all
{% endfor %}
{% for scoring_model in scoring_models('churn') + ['churn_bg_nbd'] %}
select
    '{{ scoring_model }}' as scoring_model,
    customer_id
from {{ ref(scoring_model) }}
where return_probability is null
{{ 'union all' if not loop.last }}
{% endfor %}

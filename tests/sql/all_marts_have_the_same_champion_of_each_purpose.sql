{%- set marts_by_purpose = {
    'segmentation': [
        ref('customer_segments'), ref('segments'), ref('segment_profiles'),
        ref('segment_migrations'), ref('refit_advice'),
    ],
    'churn': [
        ref('customer_churn_scores'), ref('churn_verdict'),
        ref('retention_actions'),
    ],
} -%}
with

champions as (

    select distinct
        'model_quality' as mart_name,
        purpose,
        model_id
    from {{ ref('model_quality') }}
    where is_champion
    {% for purpose, marts in marts_by_purpose.items() -%}
    {% for mart in marts -%}
    union all
    select distinct
        '{{ mart.identifier }}' as mart_name,
        '{{ purpose }}' as purpose,
        model_id
    from {{ mart }}
    where model_id is not null
    {% endfor -%}
    {% endfor %}

)

select purpose
from champions
group by purpose
having count(distinct model_id) > 1

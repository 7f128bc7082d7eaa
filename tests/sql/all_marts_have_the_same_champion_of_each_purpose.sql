{# test_dbt_project.py asks that each mart with a model stands here. -#}
{%- set of_the_champion = {
    'segmentation': [
        ref('customer_segments'), ref('segments'), ref('segment_totals'),
        ref('segment_profiles'), ref('segment_means'),
        ref('segment_migrations'), ref('refit_advice'),
    ],
    'churn': [
        ref('customer_churn_scores'), ref('churn_verdict'),
        ref('retention_actions'), ref('churn_test_results'),
        ref('churn_confusion'), ref('churn_contact_profits'),
        ref('churn_lift_comparison'), ref('churn_ranking'),
        ref('churn_test_curves'),
    ],
} -%}
{%- set of_each_model = [
    ref('churn_models'), ref('churn_scorer_quality'), ref('churn_curves'),
    ref('churn_calibration'), ref('churn_lift'),
] -%}
{%- set of_each_purpose = [ref('model_quality'), ref('baseline_quality')] -%}
with

champions as (

    {% for mart in of_each_purpose -%}
    select
        '{{ mart.identifier }}' as mart_name,
        purpose,
        model_id
    from {{ mart }}
    where is_champion
    union all
    {% endfor -%}
    {% for mart in of_each_model -%}
    select
        '{{ mart.identifier }}' as mart_name,
        'churn' as purpose,
        model_id
    from {{ mart }}
    where is_champion
    union all
    {% endfor -%}
    {% for purpose, marts in of_the_champion.items() -%}
    {% set is_last_purpose = loop.last -%}
    {% for mart in marts -%}
    select
        '{{ mart.identifier }}' as mart_name,
        '{{ purpose }}' as purpose,
        model_id
    from {{ mart }}
    where model_id is not null
    {% if not (is_last_purpose and loop.last) %}union all{% endif %}
    {% endfor -%}
    {% endfor %}

)

select purpose
from champions
group by purpose
having count(distinct model_id) > 1

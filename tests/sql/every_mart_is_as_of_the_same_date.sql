{# Those with a row per date know of none after it. -#}
{%- set of_one_date = [
    ref('customer_rfm'), ref('customer_segments'), ref('customer_churn_scores'),
    ref('customer_360'), ref('churn_verdict'), ref('retention_actions'),
    ref('segments'), ref('segment_profiles'), ref('refit_advice'),
] -%}
{%- set of_many_dates = [
    ref('rfm_snapshots'), ref('rfm_migrations'), ref('segment_migrations'),
    ref('feature_drift'), ref('label_rates'), ref('segment_stability'),
    ref('segmentation_candidates'), ref('leak_meter'),
    ref('rfm_segment_history'), ref('feature_drift_latest'),
] -%}
with

build_info as (

    select * from {{ ref('build_info') }}

),

marts as (

    {% for mart in of_one_date -%}
    select
        '{{ mart.identifier }}' as mart_name,
        min(as_of_date) as first_date,
        max(as_of_date) as last_date
    from {{ mart }}
    union all
    {% endfor -%}
    {% for mart in of_many_dates -%}
    select
        '{{ mart.identifier }}' as mart_name,
        cast(null as date) as first_date,
        max(as_of_date) as last_date
    from {{ mart }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    marts.mart_name,
    marts.first_date,
    marts.last_date,
    build_info.as_of_date
from marts
cross join build_info
where
    marts.first_date <> build_info.as_of_date
    or marts.last_date > build_info.as_of_date

{# Segment by segment, a profile leaves nobody out and counts nobody twice. #}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set numbers = (
    supplied_features(numbers_only=true) or ['recency_days']
) -%}
with

counts as (

    {% for feature in numbers %}
    select
        '{{ feature }}' as feature_name,
        count({{ feature }}) as customer_count
    from {{ features }}
    where as_of_date = {{ date_literal(as_of_date()) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

profiles as (

    select
        feature_name,
        sum(customer_count) as customer_count
    from {{ ref('segment_profiles') }}
    group by feature_name

)

select
    profiles.feature_name,
    profiles.customer_count,
    counts.customer_count as expected_count
from profiles
left join counts
    on profiles.feature_name = counts.feature_name
where profiles.customer_count is distinct from counts.customer_count

{%- set features = ref('customer_feature_snapshots') -%}
{%- set supplied = supplied_features() -%}
{%- set keys = ['customer_id', 'as_of_date'] -%}
{%- set names = adapter.get_columns_in_relation(features)
    | map(attribute='name') | reject('in', keys) | reject('in', supplied)
    | list -%}
with

empty_features as (

    {% for name in names %}
    select '{{ name }}' as feature_name
    from {{ features }}
    where {{ name }} is not null
    union all
    {% endfor %}
    select feature_name
    from {{ ref('supplied_features') }}
    where 1 = 0

)

select * from empty_features

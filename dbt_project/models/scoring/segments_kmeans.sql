{# One row per person with an order before the as-of date: their nearest
   centroid, spelled out from ml.model_parameters. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('segmentation', 'kmeans') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as date) as as_of_date,
    cast(null as varchar) as model_id,
    cast(null as integer) as segment_id,
    cast(null as {{ type_double() }}) as squared_distance
from {{ features }}
where 1 = 0

{%- else -%}
{%- do ml_require_features(live, features) -%}
{%- set components = live.parameters.centroid.keys() | list -%}

with

customer_feature_snapshots as (

    select * from {{ features }}

),

scaled_features as (

    select
        customer_id,
        {% for feature in live.feature_names %}
        {{ ml_scaled_feature(live, feature) }}
            as {{ feature }},
        {% endfor %}
        as_of_date
    from customer_feature_snapshots
    where as_of_date = {{ date_literal(as_of_date()) }}

),

distances as (

    select
        customer_id,
        {% for component in components %}
        {{ ml_kmeans_distance(live, component) }}
            as distance_{{ component }},
        {% endfor %}
        as_of_date
    from scaled_features

),

nearest as (

    select
        *,
        least(
            {% for component in components %}
            distance_{{ component }}{{ ',' if not loop.last }}
            {% endfor %}
        ) as squared_distance
    from distances

),

segments_kmeans as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        case
            {% for component in components %}
            when distance_{{ component }} = squared_distance
                then {{ component }}
            {% endfor %}
        end as segment_id,
        squared_distance
    from nearest

)

select * from segments_kmeans
{%- endif %}

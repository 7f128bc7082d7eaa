{# One row per snapshot date and person with an order before it: their nearest
   centroid, spelled out from ml.model_parameters. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set dates = ref('as_of_dates') -%}
{%- set live = ml_live_model('segmentation', 'kmeans') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as date) as as_of_date,
    cast(null as varchar) as model_id,
    cast(null as integer) as segment_id,
    cast(null as {{ type_double() }}) as squared_distance,
    cast(null as integer) as second_segment_id,
    cast(null as {{ type_double() }}) as border_margin
from {{ features }}
where 1 = 0

{%- else -%}
{%- do ml_require_features(live, features) -%}
{%- set components = live.parameters.centroid.keys() | list -%}

with

as_of_dates as (

    select * from {{ dates }}

),

customer_feature_snapshots as (

    select * from {{ features }}
    where
        as_of_date in (
            select as_of_dates.as_of_date
            from as_of_dates
            where as_of_dates.is_snapshot_date
        )

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

assigned as (

    select
        *,
        case
            {% for component in components %}
            when distance_{{ component }} = squared_distance
                then {{ component }}
            {% endfor %}
        end as segment_id
    from nearest

),

second_nearest as (

    select
        *,
        least(
            {% for component in components %}
            case
                when segment_id <> {{ component }}
                    then distance_{{ component }}
            end{{ ',' if not loop.last }}
            {% endfor %}
        ) as second_squared_distance
    from assigned

),

segments_kmeans as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        segment_id,
        squared_distance,
        case
            {% for component in components %}
            when
                segment_id <> {{ component }}
                and distance_{{ component }} = second_squared_distance
                then {{ component }}
            {% endfor %}
        end as second_segment_id,
        1e0 - coalesce(
            {{ ratio(
                'sqrt(squared_distance)', 'sqrt(second_squared_distance)'
            ) }},
            1e0
        ) as border_margin
    from second_nearest

)

select * from segments_kmeans
{%- endif %}

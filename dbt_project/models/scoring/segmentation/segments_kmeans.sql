{# One row per snapshot date and person with an order before it: their nearest
   centroid, spelled out from ml.model_parameters. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- do ref('as_of_dates') -%}
{%- set live = ml_live_model('segmentation', 'segments_kmeans') -%}
{%- if live is none -%}

{{ ml_no_scores({
    'customer_id': 'varchar',
    'as_of_date': 'date',
    'model_id': 'varchar',
    'segment_id': 'integer',
    'squared_distance': type_double(),
    'second_segment_id': 'integer',
    'border_margin': type_double(),
    'is_near_border': 'boolean',
}) }}

{%- else -%}
{%- do ml_require_features(live, features) -%}
{%- set components = live.parameters.centroid.keys() | list -%}

with

scaled_features as (

    {{ ml_scaled_snapshots(live) }}

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
        {{ ml_best_measure(components, 'distance', 'least') }}
            as squared_distance
    from distances

),

assigned as (

    select
        *,
        {{ ml_component_with(components, 'distance', 'squared_distance') }}
            as segment_id
    from nearest

),

second_nearest as (

    select
        *,
        {{ ml_best_measure(
            components, 'distance', 'least', other_than='segment_id'
        ) }} as second_squared_distance
    from assigned

),

placed as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        segment_id,
        squared_distance,
        {{ ml_component_with(
            components, 'distance', 'second_squared_distance',
            other_than='segment_id'
        ) }} as second_segment_id,
        1e0 - coalesce(
            {{ ratio(
                'sqrt(squared_distance)', 'sqrt(second_squared_distance)'
            ) }},
            1e0
        ) as border_margin
    from second_nearest

),

segments_kmeans as (

    select
        *,
        border_margin < {{ var('border_margin') }}
            as is_near_border
    from placed

)

select * from segments_kmeans
{%- endif %}

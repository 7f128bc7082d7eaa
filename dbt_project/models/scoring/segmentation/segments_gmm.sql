{# One row per snapshot date and person with an order before it: the likeliest
   component of the Gaussian mixture and its membership probability. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- do ref('as_of_dates') -%}
{%- set live = ml_live_model('segmentation', 'segments_gmm') -%}
{%- if live is none -%}

{{ ml_no_scores({
    'customer_id': 'varchar',
    'as_of_date': 'date',
    'model_id': 'varchar',
    'segment_id': 'integer',
    'membership_probability': type_double(),
    'second_segment_id': 'integer',
    'is_near_border': 'boolean',
}) }}

{%- else -%}
{%- do ml_require_features(live, features) -%}
{%- set components = live.parameters.weight.keys() | list -%}

with

scaled_features as (

    {{ ml_scaled_snapshots(live) }}

),

vectors as (

    select
        customer_id,
        {{ vector(live.feature_names) }} as scaled,
        {{ live.feature_names | join(' + ') }} is not null as is_complete,
        as_of_date
    from scaled_features

),

log_densities as (

    select
        customer_id,
        {% for component in components %}
        {{ ml_gmm_log_density(live, component, 'scaled') }}
            as log_density_{{ component }},
        {% endfor %}
        is_complete,
        as_of_date
    from vectors

),

likeliest as (

    select
        *,
        case
            when is_complete
                then {{ ml_best_measure(
                    components, 'log_density', 'greatest'
                ) }}
        end as log_density
    from log_densities

),

assigned as (

    select
        *,
        {{ ml_component_with(components, 'log_density', 'log_density') }}
            as segment_id
    from likeliest

),

second_likeliest as (

    select
        *,
        {{ ml_best_measure(
            components, 'log_density', 'greatest', other_than='segment_id'
        ) }} as second_log_density
    from assigned

),

placed as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        segment_id,
        1e0 / (
            {% for component in components %}
            {{ '+ ' if not loop.first -}}
            exp(log_density_{{ component }} - log_density)
            {% endfor %}
        ) as membership_probability,
        {{ ml_component_with(
            components, 'log_density', 'second_log_density',
            other_than='segment_id'
        ) }} as second_segment_id
    from second_likeliest

),

segments_gmm as (

    select
        *,
        membership_probability < {{ var('least_sure_probability') }}
            as is_near_border
    from placed

)

select * from segments_gmm
{%- endif %}

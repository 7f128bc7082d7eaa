{# One row per snapshot date and person with an order before it: the likeliest
   component of the Gaussian mixture and its membership probability. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set dates = ref('as_of_dates') -%}
{%- set live = ml_live_model('segmentation', 'gmm') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as date) as as_of_date,
    cast(null as varchar) as model_id,
    cast(null as integer) as segment_id,
    cast(null as {{ type_double() }}) as membership_probability,
    cast(null as integer) as second_segment_id
from {{ features }}
where 1 = 0

{%- else -%}
{%- do ml_require_features(live, features) -%}
{%- set components = live.parameters.weight.keys() | list -%}

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
                then greatest(
                    {% for component in components %}
                    log_density_{{ component }}{{ ',' if not loop.last }}
                    {% endfor %}
                )
        end as log_density
    from log_densities

),

assigned as (

    select
        *,
        case
            {% for component in components %}
            when log_density_{{ component }} = log_density
                then {{ component }}
            {% endfor %}
        end as segment_id
    from likeliest

),

second_likeliest as (

    select
        *,
        greatest(
            {% for component in components %}
            case
                when segment_id <> {{ component }}
                    then log_density_{{ component }}
            end{{ ',' if not loop.last }}
            {% endfor %}
        ) as second_log_density
    from assigned

),

segments_gmm as (

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
        case
            {% for component in components %}
            when
                segment_id <> {{ component }}
                and log_density_{{ component }} = second_log_density
                then {{ component }}
            {% endfor %}
        end as second_segment_id
    from second_likeliest

)

select * from segments_gmm
{%- endif %}

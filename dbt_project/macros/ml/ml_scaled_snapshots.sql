{% macro ml_scaled_snapshots(live_model) -%}
    select
        customer_id,
        {% for feature in live_model.feature_names %}
        {{ ml_scaled_feature(live_model, feature) }}
            as {{ feature }},
        {% endfor %}
        as_of_date
    from {{ ref('customer_feature_snapshots') }}
    where
        as_of_date in (
            select as_of_dates.as_of_date
            from {{ ref('as_of_dates') }} as as_of_dates
            where as_of_dates.is_snapshot_date
        )
{%- endmacro %}

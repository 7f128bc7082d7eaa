{% macro ml_double_features(live_model) -%}
    select
        customer_id,
        {% for feature in live_model.feature_names %}
        cast({{ feature }} as {{ type_double() }}) as {{ feature }},
        {% endfor %}
        as_of_date
    from {{ ref('customer_feature_snapshots') }}
    where as_of_date = {{ date_literal(as_of_date()) }}
{%- endmacro %}

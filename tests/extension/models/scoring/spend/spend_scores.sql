{# One row per person with an order before the as-of date: what the live model
   expects them to spend. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('spend', 'spend_scores') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as varchar) as model_id,
    cast(null as {{ type_double() }}) as expected_amount
from {{ features }}
where 1 = 0

{%- else -%}
{%- do ml_require_features(live, features) -%}

select
    customer_id,
    '{{ live.model_id }}' as model_id,
    {{ live.parameters.intercept['-1'][''][''] }}
    {% for feature in live.feature_names %}
    + {{ live.parameters.coefficient['-1'][feature][''] }}
    * cast({{ feature }} as {{ type_double() }})
    {% endfor %}
        as expected_amount
from {{ features }}
where as_of_date = {{ date_literal(as_of_date()) }}
{%- endif %}

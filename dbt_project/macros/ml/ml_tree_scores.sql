{#- `caller` says how a live model's trees come to a probability. -#}
{% macro ml_tree_scores(scoring_model) -%}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set written_back = source('ml', 'library_scores') -%}
{%- set live = ml_live_model('churn', scoring_model) -%}
{%- if live is none -%}

{{ ml_no_churn_scores() }}

{%- elif live.scored_by == 'library' -%}
{%- do ml_require_library_scores(live, written_back) -%}

select
    customer_id,
    as_of_date,
    model_id,
    score as return_probability
from {{ written_back }}
where
    model_id = '{{ live.model_id }}'
    and as_of_date = {{ date_literal(as_of_date()) }}

{%- else -%}
{%- do ml_require_features(live, features) -%}

with

double_features as (

    {{ ml_double_features(live) }}

),

probabilities as (

    select
        customer_id,
        as_of_date,
        {{ caller(live) }} as fitted_probability
    from double_features

)

select
    customer_id,
    as_of_date,
    '{{ live.model_id }}' as model_id,
    {{ ml_calibrated_probability(live, 'fitted_probability') }}
        as return_probability
from probabilities
{%- endif %}
{%- endmacro %}

{# One row: by when to fit the segments again, and why. A segmentation is due at
   the age that choose_refit_interval says, or when a feature of its own has
   drifted beyond refit_drift_psi. That can be told only of one as old as the
   date that drift is measured from: of a younger one the drift may be older. -#}
{%- set least_agreement, drift_limit = (
    double_literal(var('refit_least_agreement') | string),
    double_literal(var('refit_drift_psi') | string)
) -%}
{%- set refit_cost, misassigned_cost = (
    money(var('refit_cost_amount')),
    'cast(' ~ var('misassigned_cost_amount') ~ ' as decimal(18, 6))'
) -%}
{%- set currency = source_setting('currency_code') -%}
with

build_info as (

    select * from {{ ref('build_info') }}

),

refit_advice_texts as (

    select * from {{ ref('texts') }}
    where topic = 'refit_advice'

),

refit_reason_texts as (

    select * from {{ ref('texts') }}
    where topic = 'refit_reason'

),

choose_refit_interval as (

    select * from {{ ref('choose_refit_interval') }}

),

rank_drifted_features as (

    select * from {{ ref('rank_drifted_features') }}

),

segments as (

    select * from {{ ref('segments') }}

),

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

live_model as (

    select
        segments.model_id,
        model_registry.as_of_date
    from segments
    inner join model_registry
        on segments.model_id = model_registry.model_id
    group by segments.model_id, model_registry.as_of_date

),

gathered as (

    select
        build_info.as_of_date,
        live_model.model_id,
        live_model.as_of_date as model_as_of_date,
        choose_refit_interval.frozen_date,
        choose_refit_interval.measured_weeks,
        choose_refit_interval.first_below_date,
        choose_refit_interval.interval_weeks as refit_interval_weeks,
        choose_refit_interval.interval_limit,
        choose_refit_interval.interval_lower_bound,
        choose_refit_interval.cost_per_week_amount,
        {{ add_days(
            'live_model.as_of_date', 'choose_refit_interval.interval_days'
        ) }} as refit_by_date,
        rank_drifted_features.drift_since_date,
        rank_drifted_features.feature_name as most_drifted_feature_name,
        rank_drifted_features.population_stability_index
            as most_drifted_stability_index,
        rank_drifted_features.meaning as most_drifted_meaning,
        case
            when live_model.as_of_date <= rank_drifted_features.drift_since_date
                then
                    rank_drifted_features.population_stability_index
                    > {{ drift_limit }}
        end as is_drifted
    from build_info
    cross join choose_refit_interval
    left join live_model
        on build_info.as_of_date >= live_model.as_of_date
    left join rank_drifted_features
        on rank_drifted_features.drift_rank = 1

),

coded as (

    select
        *,
        coalesce(as_of_date >= refit_by_date, false) as is_too_old,
        case
            when model_id is null then 'no_segments'
            when as_of_date >= refit_by_date then 'too_old'
            when is_drifted then 'drifted'
            when refit_interval_weeks is null then 'not_measured'
            else 'by_date'
        end as advice_code
    from gathered

),

worded as (

    select
        coded.*,
        {{ filled_text('refit_reason_texts.text', {
            'currency': "'" ~ currency ~ "'",
            'cost_per_week_amount': number_text('coded.cost_per_week_amount'),
            'least_agreement': "'" ~ var('refit_least_agreement') ~ "'",
        }) }} as reason
    from coded
    left join refit_reason_texts
        on coded.interval_limit = refit_reason_texts.text_code

),

refit_advice as (

    select
        worded.as_of_date,
        cast(worded.model_id as varchar) as model_id,
        worded.model_as_of_date,
        worded.frozen_date,
        worded.measured_weeks,
        {{ least_agreement }} as least_agreement,
        {{ refit_cost }} as refit_cost_amount,
        {{ misassigned_cost }} as misassigned_cost_amount,
        worded.refit_interval_weeks,
        cast(worded.interval_limit as varchar) as interval_limit,
        worded.interval_lower_bound,
        worded.cost_per_week_amount,
        worded.first_below_date,
        worded.refit_by_date,
        worded.drift_since_date,
        cast(worded.most_drifted_feature_name as varchar)
            as most_drifted_feature_name,
        worded.most_drifted_stability_index,
        {{ drift_limit }} as drift_limit,
        worded.is_drifted,
        worded.is_too_old or coalesce(worded.is_drifted, false)
            as is_refit_due,
        cast(worded.advice_code as varchar) as advice_code,
        cast({{ filled_text('refit_advice_texts.text', {
            'model_as_of_date': date_text('worded.model_as_of_date'),
            'refit_interval_weeks': short_number_text(
                'worded.refit_interval_weeks'
            ),
            'refit_by_date': date_text('worded.refit_by_date'),
            'drift_since_date': date_text('worded.drift_since_date'),
            'most_drifted_meaning': 'worded.most_drifted_meaning',
            'most_drifted_stability_index': number_text(
                'worded.most_drifted_stability_index'
            ),
            'drift_limit': "'" ~ var('refit_drift_psi') ~ "'",
            'reason': 'worded.reason',
        }) }} as varchar) as advice
    from worded
    left join refit_advice_texts
        on worded.advice_code = refit_advice_texts.text_code

)

select * from refit_advice

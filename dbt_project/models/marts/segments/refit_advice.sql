{# One row: by when to fit the segments again. Of the steps that were looked
   at (segment_stability of the full feature set), up to the last before the
   lower bound of the agreement first falls below refit_least_agreement, the
   interval W is taken that costs least a week:

       (refit cost + sum of misassigned people x weeks x their cost a week) / W

   This is the renewal-reward rule for replacing what wears out at a fixed age
   (Barlow and Hunter 1960): each refit starts the same cycle again, so what
   matters is the cost of a cycle over its length. The people are today's, with
   the shares of the series. The weeks of a step count as its end does; of intervals that cost the same to the cent, the shortest. If
   the first step is below the threshold already, it is the interval.
   A segmentation is due at that age, or when a feature of its own has drifted
   beyond refit_drift_psi. That can be told only of one as old as the date that
   drift is measured from: of a younger one the drift may be older. -#}
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

feature_catalog as (

    select * from {{ ref('feature_catalog') }}

),

feature_drift as (

    select * from {{ ref('feature_drift') }}

),

refit_advice_texts as (

    select * from {{ ref('texts') }}
    where topic = 'refit_advice'

),

refit_reason_texts as (

    select * from {{ ref('texts') }}
    where topic = 'refit_reason'

),

segments as (

    select * from {{ ref('segments') }}

),

segment_stability as (

    select * from {{ ref('segment_stability') }}

),

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

model_parameters as (

    select * from {{ source('ml', 'model_parameters') }}

),

live_model as (

    select
        segments.model_id,
        model_registry.as_of_date,
        sum(segments.customer_count) as customer_count
    from segments
    inner join model_registry
        on segments.model_id = model_registry.model_id
    group by segments.model_id, model_registry.as_of_date

),

steps as (

    select
        segment_stability.frozen_date,
        segment_stability.as_of_date,
        {{ days_between(
            'segment_stability.frozen_date', 'segment_stability.as_of_date'
        ) }} as interval_days,
        segment_stability.weeks,
        segment_stability.lower_bound,
        segment_stability.lower_bound < {{ least_agreement }} as is_below,
        cast(
            segment_stability.reassigned_share
            * coalesce(
                live_model.customer_count, segment_stability.customer_count
            ) * (
                segment_stability.weeks - coalesce(
                    lag(segment_stability.weeks) over (
                        order by segment_stability.as_of_date asc
                    ),
                    0
                )
            ) as decimal(18, 6)
        ) * {{ misassigned_cost }} as misassigned_amount,
        row_number() over (
            order by segment_stability.as_of_date asc
        ) as step_number
    from segment_stability
    left join live_model
        on segment_stability.as_of_date >= segment_stability.frozen_date
    where segment_stability.feature_set = 'full'

),

series as (

    select
        min(frozen_date) as frozen_date,
        max(weeks) as measured_weeks,
        count(*) as step_count,
        min(case when is_below then as_of_date end) as first_below_date,
        min(case when is_below then step_number end) as first_below_step
    from steps

),

intervals as (

    select
        interval_days,
        weeks,
        lower_bound,
        step_number,
        {{ money(ratio(
            refit_cost ~ ' + sum(misassigned_amount) over (
                order by step_number asc
                rows between unbounded preceding and current row
            )',
            'weeks'
        )) }} as cost_per_week_amount
    from steps

),

ranked_intervals as (

    select
        intervals.*,
        case
            when series.first_below_step = 1 then 'first step'
            when
                intervals.step_number
                < coalesce(series.first_below_step - 1, series.step_count)
                then 'cost'
            when series.first_below_step is not null then 'agreement'
            else 'measured weeks'
        end as interval_limit,
        row_number() over (
            order by
                intervals.cost_per_week_amount asc,
                intervals.step_number asc
        ) as cost_rank
    from intervals
    cross join series
    where
        intervals.step_number = 1
        or intervals.step_number
        < coalesce(series.first_below_step, series.step_count + 1)

),

drifted_features as (

    select
        feature_drift.frozen_date as drift_since_date,
        feature_drift.feature_name,
        feature_drift.population_stability_index,
        feature_catalog.meaning,
        row_number() over (
            order by
                feature_drift.population_stability_index desc,
                feature_drift.feature_name asc
        ) as drift_rank
    from feature_drift
    inner join feature_catalog
        on feature_drift.feature_name = feature_catalog.feature_name
    where
        feature_drift.as_of_date = {{ date_literal(as_of_date()) }}
        and feature_drift.population = 'everybody'
        and not feature_drift.is_left_out
        and feature_drift.feature_name in (
            select model_parameters.feature_name
            from model_parameters
            inner join live_model
                on model_parameters.model_id = live_model.model_id
        )

),

gathered as (

    select
        build_info.as_of_date,
        live_model.model_id,
        live_model.as_of_date as model_as_of_date,
        series.frozen_date,
        series.measured_weeks,
        series.first_below_date,
        ranked_intervals.weeks as refit_interval_weeks,
        ranked_intervals.interval_limit,
        ranked_intervals.lower_bound as interval_lower_bound,
        ranked_intervals.cost_per_week_amount,
        {{ add_days(
            'live_model.as_of_date', 'ranked_intervals.interval_days'
        ) }} as refit_by_date,
        drifted_features.drift_since_date,
        drifted_features.feature_name as most_drifted_feature_name,
        drifted_features.population_stability_index
            as most_drifted_stability_index,
        drifted_features.meaning as most_drifted_meaning,
        case
            when live_model.as_of_date <= drifted_features.drift_since_date
                then
                    drifted_features.population_stability_index
                    > {{ drift_limit }}
        end as is_drifted
    from build_info
    cross join series
    left join live_model
        on build_info.as_of_date >= live_model.as_of_date
    left join ranked_intervals
        on ranked_intervals.cost_rank = 1
    left join drifted_features
        on drifted_features.drift_rank = 1

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

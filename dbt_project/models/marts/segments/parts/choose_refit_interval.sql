{# One row: how long a segmentation should last. Of the steps that were looked
   at (segment_stability of the full feature set), up to the last before the
   lower bound of the agreement first falls below refit_least_agreement, the
   interval W is taken that costs least a week:

       (refit cost + sum of misassigned people x weeks x their cost a week) / W

   This is the renewal-reward rule for replacing what wears out at a fixed age
   (Barlow and Hunter 1960): each refit starts the same cycle again, so what
   matters is the cost of a cycle over its length. The people are today's, with
   the shares of the series. The weeks of a step count as its end does; of
   intervals that cost the same to the cent, the shortest. If the first step is
   below the threshold already, it is the interval. -#}
{%- set least_agreement = (
    double_literal(var('refit_least_agreement') | string)
) -%}
{%- set refit_cost, misassigned_cost = (
    money(var('refit_cost_amount')),
    'cast(' ~ var('misassigned_cost_amount') ~ ' as decimal(18, 6))'
) -%}
with

segments as (

    select * from {{ ref('segments') }}

),

segment_stability as (

    select * from {{ ref('segment_stability') }}

),

live_customers as (

    select sum(customer_count) as customer_count from segments

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
                live_customers.customer_count, segment_stability.customer_count
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
    cross join live_customers
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

choose_refit_interval as (

    select
        series.frozen_date,
        series.measured_weeks,
        series.first_below_date,
        ranked_intervals.interval_days,
        ranked_intervals.weeks as interval_weeks,
        ranked_intervals.interval_limit,
        ranked_intervals.lower_bound as interval_lower_bound,
        ranked_intervals.cost_per_week_amount
    from series
    left join ranked_intervals
        on ranked_intervals.cost_rank = 1

)

select * from choose_refit_interval

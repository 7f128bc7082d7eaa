{# One row per curve, scorer and point of the champion's test, beside what
   contacting people at random gives. -#}
with

churn_curves as (

    select * from {{ ref('churn_curves') }}
    where is_champion and split = 'test'

),

churn_verdict as (

    select * from {{ ref('churn_verdict') }}

),

sums as (

    select
        *,
        sum(returning_count) over (
            partition by model_id, curve_name, scorer
        ) as all_returning_count,
        sum(customer_count - returning_count) over (
            partition by model_id, curve_name, scorer
        ) as all_lost_count
    from churn_curves

),

churn_test_curves as (

    select
        sums.model_id,
        sums.curve_name,
        sums.scorer <> 'model' as is_baseline,
        case
            when sums.scorer = 'model' then 'the model' else sums.scorer
        end as scorer,
        sums.point_number,
        sums.x_value,
        sums.y_value,
        case when sums.scorer = 'model' then sums.lower_bound end
            as lower_bound,
        case when sums.scorer = 'model' then sums.upper_bound end
            as upper_bound,
        case sums.curve_name
            when 'lift' then 1e0
            when 'precision_recall' then churn_verdict.base_rate
        end as value_at_random,
        sums.customer_count,
        sums.returning_count,
        {{ ratio('sums.returning_count', 'sums.all_returning_count') }}
            as returning_share,
        {{ ratio(
            'sums.customer_count - sums.returning_count', 'sums.all_lost_count'
        ) }} as lost_share
    from sums
    cross join churn_verdict

)

select * from churn_test_curves

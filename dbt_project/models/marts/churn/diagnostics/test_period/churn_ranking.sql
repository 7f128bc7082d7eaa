{# One row for the champion and one for the best baseline beside it: how well
   they rank people on the test. -#}
with

churn_verdict as (

    select * from {{ ref('churn_verdict') }}
    where status = 'champion'

),

baseline_quality as (

    select * from {{ ref('baseline_quality') }}
    where is_champion and split = 'test' and metric_name = 'roc_auc'

),

scorers as (

    select
        model_id,
        1 as scorer_number,
        'model: ' || family_name as scorer,
        roc_auc,
        roc_auc_lower_bound as lower_bound,
        roc_auc_upper_bound as upper_bound
    from churn_verdict
    union all
    select
        model_id,
        2 as scorer_number,
        'best baseline: ' || baseline_name as scorer,
        metric_value as roc_auc,
        lower_bound,
        upper_bound
    from baseline_quality
    where
        baseline_name in (
            select churn_verdict.baseline_name from churn_verdict
        )

),

churn_ranking as (

    select
        model_id,
        cast(scorer_number as integer) as scorer_number,
        cast(scorer as varchar) as scorer,
        roc_auc,
        lower_bound,
        upper_bound,
        cast(0.5e0 as {{ type_double() }}) as roc_auc_of_chance
    from scorers

)

select * from churn_ranking

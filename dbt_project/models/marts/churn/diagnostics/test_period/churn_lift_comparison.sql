{# One row per share of the people contacted: what the champion finds, beside
   the best baseline. -#}
with

churn_lift as (

    select * from {{ ref('churn_lift') }}
    where is_champion

),

churn_verdict as (

    select * from {{ ref('churn_verdict') }}

),

kinds as (

    select
        churn_lift.*,
        case
            when churn_lift.scorer = 'model' then 'model'
            when
                churn_lift.scorer in (
                    select churn_verdict.baseline_name from churn_verdict
                )
                then 'baseline'
        end as kind
    from churn_lift

),

churn_lift_comparison as (

    select
        model_id,
        contacted_percent,
        contacted_share,
        max(case when kind = 'model' then lift end) as lift,
        max(case when kind = 'model' then recall_share end) as recall_share,
        max(case when kind = 'baseline' then lift end) as baseline_lift,
        max(case when kind = 'baseline' then recall_share end)
            as baseline_recall_share
    from kinds
    group by model_id, contacted_percent, contacted_share

)

select * from churn_lift_comparison

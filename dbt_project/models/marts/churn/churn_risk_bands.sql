{# One row per risk band that has people: how likely they are to come back. -#}
with

customer_churn_scores as (

    select * from {{ ref('customer_churn_scores') }}

),

churn_risk_bands as (

    select
        risk_band,
        cast(count(*) as integer) as customer_count,
        {{ ratio('sum(return_probability)', 'count(*)') }} as mean_probability,
        min(return_probability) as lowest_probability,
        max(return_probability) as highest_probability,
        {{ ratio('sum(return_lift)', 'count(*)') }} as mean_lift,
        sum(return_probability) as expected_returning_count
    from customer_churn_scores
    group by risk_band

)

select * from churn_risk_bands

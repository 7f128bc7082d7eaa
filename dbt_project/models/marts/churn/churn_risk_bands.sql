{# One row per risk band that has people: how likely they are to come back. Sums
   are of decimals: those of doubles differ with the order of the rows. -#}
with

customer_churn_scores as (

    select * from {{ ref('customer_churn_scores') }}

),

summed_bands as (

    select
        risk_band,
        count(*) as customer_count,
        min(return_probability) as lowest_probability,
        max(return_probability) as highest_probability,
        sum(cast(return_probability as decimal(30, 15)))
            as return_probability,
        sum(cast(return_lift as decimal(30, 15))) as return_lift
    from customer_churn_scores
    group by risk_band

),

churn_risk_bands as (

    select
        risk_band,
        cast(customer_count as integer) as customer_count,
        {{ ratio('return_probability', 'customer_count') }}
            as mean_probability,
        lowest_probability,
        highest_probability,
        {{ ratio('return_lift', 'customer_count') }} as mean_lift,
        cast(return_probability as {{ type_double() }})
            as expected_returning_count
    from summed_bands

)

select * from churn_risk_bands

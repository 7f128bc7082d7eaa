{# One row per score that a customer has: how many have it in recency, in
   frequency and in money. -#}
with

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

scored as (

    select
        'recency' as kind,
        r_score as score
    from customer_rfm
    union all
    select
        'frequency' as kind,
        f_score as score
    from customer_rfm
    union all
    select
        'monetary' as kind,
        m_score as score
    from customer_rfm

),

rfm_scores as (

    select
        score,
        cast(
            sum(case when kind = 'recency' then 1 else 0 end) as integer
        ) as recency_customer_count,
        cast(
            sum(case when kind = 'frequency' then 1 else 0 end) as integer
        ) as frequency_customer_count,
        cast(
            sum(case when kind = 'monetary' then 1 else 0 end) as integer
        ) as monetary_customer_count
    from scored
    group by score

)

select * from rfm_scores

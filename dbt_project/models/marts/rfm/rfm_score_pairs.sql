{# One row per pair of scores in recency and money that a customer has. -#}
with

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

rfm_score_pairs as (

    select
        r_score,
        m_score,
        cast(count(*) as integer) as customer_count
    from customer_rfm
    group by r_score, m_score

)

select * from rfm_score_pairs

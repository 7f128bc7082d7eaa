{# More recent, more often and more spent: per score, the worst of a higher one
   is at least as good as the best of the next lower one. #}
with

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

ranges as (

    select
        'recency' as measure,
        r_score as score,
        min(-recency_days) as lowest,
        max(-recency_days) as highest
    from customer_rfm
    group by r_score
    union all
    select
        'frequency' as measure,
        f_score as score,
        min(frequency) as lowest,
        max(frequency) as highest
    from customer_rfm
    group by f_score
    union all
    select
        'money' as measure,
        m_score as score,
        min(monetary_amount) as lowest,
        max(monetary_amount) as highest
    from customer_rfm
    group by m_score

)

select
    lower_scores.measure,
    lower_scores.score as lower_score,
    higher_scores.score as higher_score
from ranges as lower_scores
inner join ranges as higher_scores
    on
        lower_scores.measure = higher_scores.measure
        and lower_scores.score < higher_scores.score
where lower_scores.highest >= higher_scores.lowest

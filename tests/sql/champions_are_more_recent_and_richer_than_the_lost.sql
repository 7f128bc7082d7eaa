{# Everyone of them, not on average; today and as of every snapshot date. -#}
with

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

rfm_snapshots as (

    select * from {{ ref('rfm_snapshots') }}

),

people as (

    select
        'today' as reading,
        as_of_date,
        rfm_segment,
        recency_days,
        monetary_amount as paid_amount
    from customer_rfm
    union all
    select
        'snapshot' as reading,
        as_of_date,
        rfm_segment,
        recency_days,
        paid_amount
    from rfm_snapshots

),

champions as (

    select
        reading,
        as_of_date,
        max(recency_days) as longest_recency_days,
        min(paid_amount) as least_paid_amount
    from people
    where rfm_segment = 'champions'
    group by reading, as_of_date

),

lost as (

    select
        reading,
        as_of_date,
        min(recency_days) as shortest_recency_days,
        max(paid_amount) as most_paid_amount
    from people
    where rfm_segment = 'lost'
    group by reading, as_of_date

)

select
    champions.reading,
    champions.as_of_date
from champions
inner join lost
    on
        champions.reading = lost.reading
        and champions.as_of_date = lost.as_of_date
where
    champions.longest_recency_days >= lost.shortest_recency_days
    or champions.least_paid_amount <= lost.most_paid_amount

{# Empty score marts are allowed: a warehouse without a fitted model builds. #}
with

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

scored as (

    select
        'segments' as purpose,
        customer_id
    from {{ ref('customer_segments') }}
    union all
    select
        'churn' as purpose,
        customer_id
    from {{ ref('customer_churn_scores') }}

),

purposes as (

    select distinct purpose from scored

)

select
    purposes.purpose,
    customer_rfm.customer_id,
    count(scored.customer_id) as row_count
from customer_rfm
cross join purposes
left join scored
    on
        customer_rfm.customer_id = scored.customer_id
        and purposes.purpose = scored.purpose
group by purposes.purpose, customer_rfm.customer_id
having count(scored.customer_id) <> 1

{# Counted from the snapshots: who moved to a date is everybody of that date,
   and who moved from one is everybody of that one, since nobody leaves. -#}
with

rfm_snapshots as (

    select * from {{ ref('rfm_snapshots') }}

),

rfm_migrations as (

    select * from {{ ref('rfm_migrations') }}

),

people as (

    select
        as_of_date,
        count(*) as customer_count
    from rfm_snapshots
    group by as_of_date

),

moves as (

    select
        as_of_date,
        next_as_of_date,
        sum(customer_count) as next_customer_count,
        sum(
            case
                when rfm_segment = 'not a customer yet' then 0
                else customer_count
            end
        ) as customer_count
    from rfm_migrations
    group by as_of_date, next_as_of_date

)

select moves.as_of_date
from moves
left join people as people_then
    on moves.as_of_date = people_then.as_of_date
left join people as people_next
    on moves.next_as_of_date = people_next.as_of_date
where
    moves.customer_count is distinct from people_then.customer_count
    or moves.next_customer_count is distinct from people_next.customer_count

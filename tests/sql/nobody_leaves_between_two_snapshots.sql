{# Who moved from a date is everybody who has a snapshot of that date. -#}
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
        sum(customer_count) as customer_count
    from rfm_migrations
    where rfm_segment <> 'not a customer yet'
    group by as_of_date

)

select moves.as_of_date
from moves
left join people
    on moves.as_of_date = people.as_of_date
where moves.customer_count is distinct from people.customer_count

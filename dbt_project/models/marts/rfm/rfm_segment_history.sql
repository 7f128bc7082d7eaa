{# One row per RFM segment and snapshot date from the second on: how many people
   were in the segment then, none too, by the migrations. -#}
with

rfm_migrations as (

    select * from {{ ref('rfm_migrations') }}

),

rfm_playbook as (

    select * from {{ ref('rfm_playbook') }}

),

dates as (

    select distinct next_as_of_date as as_of_date
    from rfm_migrations

),

counted as (

    select
        next_as_of_date as as_of_date,
        next_rfm_segment as rfm_segment,
        sum(customer_count) as customer_count
    from rfm_migrations
    group by next_as_of_date, next_rfm_segment

),

rfm_segment_history as (

    select
        dates.as_of_date,
        cast(rfm_playbook.rfm_segment as varchar) as rfm_segment,
        cast(coalesce(counted.customer_count, 0) as integer) as customer_count
    from dates
    cross join rfm_playbook
    left join counted
        on
            dates.as_of_date = counted.as_of_date
            and rfm_playbook.rfm_segment = counted.rfm_segment

)

select * from rfm_segment_history

{# One row per as-of date, segment then and segment at the next as-of date that
   somebody moved between or stayed in; people who first ordered in between
   come from no segment. Nobody leaves: who has ordered once has a segment. -#}
with

rfm_snapshots as (

    select * from {{ ref('rfm_snapshots') }}

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}
    where is_snapshot_date

),

periods as (

    select
        as_of_date,
        lead(as_of_date) over (order by as_of_date asc) as next_as_of_date
    from as_of_dates

),

moves as (

    select
        periods.as_of_date,
        periods.next_as_of_date,
        coalesce(segments_then.rfm_segment, 'not a customer yet')
            as rfm_segment,
        segments_next.rfm_segment as next_rfm_segment
    from periods
    inner join rfm_snapshots as segments_next
        on periods.next_as_of_date = segments_next.as_of_date
    left join rfm_snapshots as segments_then
        on
            periods.as_of_date = segments_then.as_of_date
            and segments_next.customer_id = segments_then.customer_id

),

counted as (

    select
        as_of_date,
        next_as_of_date,
        rfm_segment,
        next_rfm_segment,
        count(*) as customer_count
    from moves
    group by as_of_date, next_as_of_date, rfm_segment, next_rfm_segment

),

rfm_migrations as (

    select
        as_of_date,
        next_as_of_date,
        cast(rfm_segment as varchar) as rfm_segment,
        cast(next_rfm_segment as varchar) as next_rfm_segment,
        cast(customer_count as integer) as customer_count,
        {{ ratio(
            'customer_count',
            'sum(customer_count) over (partition by as_of_date, rfm_segment)'
        ) }} as segment_share
    from counted

)

select * from rfm_migrations

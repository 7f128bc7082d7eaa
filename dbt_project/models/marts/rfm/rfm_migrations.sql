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

moves as (

    {{ migrations('rfm_snapshots', 'rfm_segment', dates='as_of_dates') }}

),

rfm_migrations as (

    select
        as_of_date,
        next_as_of_date,
        cast(coalesce(rfm_segment, 'not a customer yet') as varchar)
            as rfm_segment,
        cast(next_rfm_segment as varchar) as next_rfm_segment,
        customer_count,
        share as segment_share,
        next_as_of_date = max(next_as_of_date) over () as is_latest
    from moves

)

select * from rfm_migrations

{# One row per snapshot date, segment then and segment at the next snapshot date
   that somebody moved between or stayed in; people who first ordered in between
   come from no segment. All by one model, the champion, so that what moved is
   the customers. Dates for which nobody is scored are left out. -#}
with

champion_segments as (

    select * from {{ ref('champion_segments') }}

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
    where
        as_of_date in (
            select champion_segments.as_of_date from champion_segments
        )

),

moves as (

    select
        periods.as_of_date,
        periods.next_as_of_date,
        segments_next.model_id,
        segments_then.segment_id,
        segments_next.segment_id as next_segment_id
    from periods
    inner join champion_segments as segments_next
        on periods.next_as_of_date = segments_next.as_of_date
    left join champion_segments as segments_then
        on
            periods.as_of_date = segments_then.as_of_date
            and segments_next.customer_id = segments_then.customer_id

),

counted as (

    select
        as_of_date,
        next_as_of_date,
        model_id,
        segment_id,
        next_segment_id,
        count(*) as customer_count
    from moves
    group by
        as_of_date, next_as_of_date, model_id, segment_id, next_segment_id

),

segment_migrations as (

    select
        as_of_date,
        next_as_of_date,
        cast(model_id as varchar) as model_id,
        cast(segment_id as integer) as segment_id,
        cast(next_segment_id as integer) as next_segment_id,
        cast(customer_count as integer) as customer_count,
        {{ ratio(
            'customer_count',
            'sum(customer_count) over (partition by as_of_date, segment_id)'
        ) }} as segment_share
    from counted

)

select * from segment_migrations

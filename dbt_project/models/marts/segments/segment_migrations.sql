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
    where
        is_snapshot_date
        and as_of_date in (
            select champion_segments.as_of_date from champion_segments
        )

),

moves as (

    {{ migrations(
        'champion_segments', 'segment_id', dates='as_of_dates',
        along=['model_id']
    ) }}

),

segment_migrations as (

    select
        as_of_date,
        next_as_of_date,
        cast(model_id as varchar) as model_id,
        cast(segment_id as integer) as segment_id,
        cast(next_segment_id as integer) as next_segment_id,
        customer_count,
        share as segment_share,
        next_as_of_date = max(next_as_of_date) over () as is_latest,
        coalesce(
            'segment ' || cast(segment_id as varchar), 'not a customer yet'
        ) as segment_label
    from moves

)

select * from segment_migrations

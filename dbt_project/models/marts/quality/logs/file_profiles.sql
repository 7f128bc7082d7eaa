{# One row per raw table: its last load, beside the load before. -#}
with

profiles as (

    select * from {{ source('logs', 'column_profiles') }}

),

load_log as (

    select * from {{ source('logs', 'load_log') }}

),

loads as (

    select
        table_name,
        load_id,
        max(row_count) as row_count
    from profiles
    group by table_name, load_id

),

numbered_loads as (

    select
        *,
        lag(row_count) over (
            partition by table_name order by load_id asc
        ) as former_row_count,
        row_number() over (
            partition by table_name order by load_id desc
        ) as number_from_last
    from loads

),

file_profiles as (

    select
        numbered_loads.table_name,
        numbered_loads.load_id,
        load_log.file_name,
        numbered_loads.former_row_count,
        numbered_loads.row_count,
        load_log.rejected_row_count,
        load_log.loaded_at
    from numbered_loads
    left join load_log
        on numbered_loads.load_id = load_log.load_id
    where numbered_loads.number_from_last = 1

)

select * from file_profiles

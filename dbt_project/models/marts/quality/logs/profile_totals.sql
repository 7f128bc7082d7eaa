{# One row: all raw tables together. -#}
with

column_profiles as (

    select * from {{ ref('column_profiles') }}

),

file_profiles as (

    select * from {{ ref('file_profiles') }}

),

column_sums as (

    select
        count(distinct table_name) as table_count,
        count(*) as column_count,
        sum(null_count) as null_count,
        sum(row_count) as value_count
    from column_profiles

),

file_sums as (

    select
        coalesce(sum(row_count), 0) as row_count,
        count(former_row_count) as compared_count
    from file_profiles

),

profile_totals as (

    select
        cast(column_sums.table_count as integer) as table_count,
        cast(column_sums.column_count as integer) as column_count,
        cast(file_sums.row_count as bigint) as row_count,
        {{ ratio('column_sums.null_count', 'column_sums.value_count') }}
            as null_share,
        cast(file_sums.compared_count as integer) as compared_count,
        cast(
            column_sums.table_count - file_sums.compared_count as integer
        ) as first_load_count
    from column_sums
    cross join file_sums

)

select * from profile_totals

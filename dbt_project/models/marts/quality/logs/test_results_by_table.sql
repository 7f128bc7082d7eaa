{# One row per table that tests look at, and one for tests of several. -#}
with

test_results as (

    select * from {{ ref('test_results') }}

),

test_results_by_table as (

    select
        coalesce(model_name, 'several models') as table_label,
        model_name is null as is_of_several,
        cast(count(*) as integer) as test_count,
        cast(
            sum(case when status = 'pass' then 1 else 0 end) as integer
        ) as passed_count,
        cast(
            sum(case when status = 'warn' then 1 else 0 end) as integer
        ) as warned_count,
        cast(
            sum(case when status in ('pass', 'warn') then 0 else 1 end)
            as integer
        ) as failed_count
    from test_results
    group by model_name

)

select * from test_results_by_table

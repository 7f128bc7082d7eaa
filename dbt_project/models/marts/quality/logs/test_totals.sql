{# One row: all tests together. -#}
with

test_results as (

    select * from {{ ref('test_results') }}

),

test_totals as (

    select
        cast(count(*) as integer) as test_count,
        cast(
            count(case when status = 'pass' then 1 end) as integer
        ) as passed_count,
        cast(
            count(case when status = 'warn' then 1 end) as integer
        ) as warned_count,
        cast(
            count(case when status not in ('pass', 'warn') then 1 end)
            as integer
        ) as failed_count,
        cast(min(tested_at) as date) as first_tested_date,
        cast(max(tested_at) as date) as last_tested_date
    from test_results

)

select * from test_totals

{# One row per dbt test: its last result. -#}
with

test_log as (

    select * from {{ source('logs', 'test_log') }}

),

test_results as (

    -- dbt writes the table and the column into a test's name once more.
    select
        test_id,
        replace(
            replace(
                replace(test_name, '_' || coalesce(model_name, '?'), ''),
                '_' || coalesce(column_name, '?'), ''
            ),
            '_', ' '
        ) as test_name,
        test_kind,
        model_name,
        coalesce(model_name, 'several') as table_label,
        coalesce(column_name, '') as column_name,
        status,
        failure_count,
        coalesce(message, '') as message,
        tested_at
    from test_log

)

select * from test_results

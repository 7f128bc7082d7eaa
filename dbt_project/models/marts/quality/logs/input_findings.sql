{# One row per finding of the last load. -#}
with

findings as (

    select * from {{ source('logs', 'input_findings') }}

),

input_findings as (

    select
        finding_code,
        table_name,
        file_name,
        column_name,
        line_number,
        found_value,
        affected_count,
        message,
        remedy,
        found_at
    from findings

)

select * from input_findings

{# One row per column of each raw table, as of its last load. -#}
with

profiles as (

    select * from {{ source('logs', 'column_profiles') }}

),

latest_profiles as (

    select
        *,
        max(load_id) over (partition by table_name) as latest_load_id
    from profiles

),

column_profiles as (

    select
        table_name,
        column_number,
        column_name,
        lower(column_type) as column_type,
        row_count,
        null_count,
        distinct_count,
        {% for value in ['least_value', 'greatest_value'] %}
        case
            when column_type = 'DOUBLE'
                then cast(
                    round(cast({{ value }} as {{ type_double() }}), 6)
                    as varchar
                )
            when column_type = 'TIMESTAMP' then substr({{ value }}, 1, 10)
            when length({{ value }}) > 14
                then substr({{ value }}, 1, 13) || '…'
            else {{ value }}
        end as {{ value }},
        {% endfor %}
        mean_value,
        case
            when
                column_type <> 'VARCHAR'
                or distinct_count + null_count < row_count
                then distribution
        end as distribution
    from latest_profiles
    where load_id = latest_load_id

)

select * from column_profiles

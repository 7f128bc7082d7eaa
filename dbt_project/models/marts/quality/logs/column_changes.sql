{# One row per raw column whose missing values, distinct values or range are
   others than in the load before. -#}
with

profiles as (

    select * from {{ source('logs', 'column_profiles') }}

),

with_load_before as (

    select
        *,
        {% for column in [
            'load_id', 'null_count', 'distinct_count', 'least_value',
            'greatest_value'
        ] %}
        lag({{ column }}) over (
            partition by table_name, column_name order by load_id asc
        ) as former_{{ column }},
        {% endfor %}
        max(load_id) over (partition by table_name) as latest_load_id
    from profiles

),

compared as (

    select
        *,
        substr(former_least_value, 1, 20) || ' to '
        || substr(former_greatest_value, 1, 20) as former_range,
        substr(least_value, 1, 20) || ' to '
        || substr(greatest_value, 1, 20) as value_range,
        (
            least_value is distinct from former_least_value
            or greatest_value is distinct from former_greatest_value
        ) as is_other_range
    from with_load_before
    where load_id = latest_load_id and former_load_id is not null

),

column_changes as (

    select
        table_name,
        column_number,
        column_name,
        former_null_count,
        null_count,
        former_distinct_count,
        distinct_count,
        case when is_other_range then former_range end as former_range,
        case when is_other_range then value_range end as value_range
    from compared
    where
        is_other_range
        or null_count is distinct from former_null_count
        or distinct_count is distinct from former_distinct_count

)

select * from column_changes

{# One row: all contacts of retention_actions together. -#}
with

retention_actions as (

    select * from {{ ref('retention_actions') }}

),

retention_totals as (

    select
        cast(count(*) as integer) as action_count,
        {{ money('coalesce(max(spent_amount), 0)') }} as spent_amount,
        {{ money('coalesce(sum(expected_return_amount), 0)') }}
            as expected_return_amount,
        {{ money('coalesce(sum(expected_value_amount), 0)') }}
            as expected_value_amount
    from retention_actions

)

select * from retention_totals

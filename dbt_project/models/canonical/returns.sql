{# One row per returned line, known from its own moment on. What it takes off
   the amount of orders is all of it, where orders come to what was paid, else
   what of it is merchandise. -#}
{%- set merchandise = 'coalesce(merchandise_amount, 0)' -%}
with

conformed_returns as (

    select * from {{ conformed('returns') }}

),

returns as (

    select
        cast(return_id as varchar) as return_id,
        cast(line_number as integer) as line_number,
        cast(order_id as varchar) as order_id,
        cast(customer_id as varchar) as customer_id,
        cast(product_id as varchar) as product_id,
        cast(quantity as decimal(18, 3)) as quantity,
        {{ money('returned_amount') }} as returned_amount,
        case
            when {{ has_capability('payments') }}
                then {{ money('returned_amount') }}
            else {{ money(merchandise) }}
        end as order_returned_amount,
        cast(returned_at as timestamp) as returned_at,
        cast(match_kind as varchar) as match_kind
    from conformed_returns

)

select * from returns

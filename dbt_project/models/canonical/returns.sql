{# One row per returned line, known from its own moment on. What it takes off
   the amount of orders is all of it, where orders come to what was paid, else
   what of it is merchandise. -#}
{%- set merchandise = 'coalesce(conformed_returns.merchandise_amount, 0)' -%}
with

conformed_returns as (

    select * from {{ conformed('returns') }}

),

paid_orders as (

    select count(*) > 0 as are_orders_paid
    from {{ ref('capabilities') }}
    where
        capability = 'payments'
        and is_supplied

),

returns as (

    select
        cast(conformed_returns.return_id as varchar) as return_id,
        cast(conformed_returns.line_number as integer) as line_number,
        cast(conformed_returns.order_id as varchar) as order_id,
        cast(conformed_returns.customer_id as varchar) as customer_id,
        cast(conformed_returns.product_id as varchar) as product_id,
        cast(conformed_returns.quantity as decimal(18, 3)) as quantity,
        {{ money('conformed_returns.returned_amount') }} as returned_amount,
        case
            when paid_orders.are_orders_paid
                then {{ money('conformed_returns.returned_amount') }}
            else {{ money(merchandise) }}
        end as order_returned_amount,
        cast(conformed_returns.returned_at as timestamp) as returned_at,
        cast(conformed_returns.match_kind as varchar) as match_kind
    from conformed_returns
    cross join paid_orders

)

select * from returns

{# One row: what was paid, as the raw file says; each layer is held to it. -#}
with

order_payments as (

    select * from {{ source('olist', 'order_payments') }}

),

int_olist__measure_raw_money as (

    select
        {{ money('coalesce(sum(payment_value), 0)') }} as paid_amount,
        {{ money('coalesce(sum(payment_value), 0)') }} as order_amount
    from order_payments

)

select * from int_olist__measure_raw_money

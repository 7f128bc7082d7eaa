{# One row per payment of an order. -#}
with

order_payments as (

    select * from {{ ref('stg_olist__order_payments') }}

),

int_olist__conform_payments as (

    select
        order_id,
        payment_number,
        payment_type,
        installment_count,
        paid_amount
    from order_payments

)

select * from int_olist__conform_payments

with

order_payments as (

    select * from {{ source('olist', 'order_payments') }}

),

stg_olist__order_payments as (

    select
        order_id,
        payment_sequential as payment_number,
        payment_type,
        payment_installments as installment_count,
        payment_value as paid_amount
    from order_payments

)

select * from stg_olist__order_payments

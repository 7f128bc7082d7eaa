with

payments as (

    select * from {{ source('shop', 'payments') }}

),

stg_shop__payments as (

    select
        payment_id,
        order_id,
        payment_number,
        payment_type,
        transaction_kind,
        payment_status,
        paid_amount,
        refunded_amount,
        paid_at,
        installment_count,
        is_counted
    from payments

)

select * from stg_shop__payments

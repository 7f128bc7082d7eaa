{# One row per payment that brought the shop money; attempts that failed did
   not, and an authorization is counted as its capture. -#}
with

payments as (

    select * from {{ ref('stg_shop__payments') }}

),

int_shop__conform_payments as (

    select
        order_id,
        payment_number,
        payment_type,
        installment_count,
        paid_amount
    from payments
    where
        is_counted
        and order_id is not null

)

select * from int_shop__conform_payments

{# One row per payment. -#}
with

conformed_payments as (

    select * from {{ conformed('payments') }}

),

payments as (

    select
        order_id,
        cast(payment_number as integer) as payment_number,
        coalesce({{ listed_value('payment_type') }}, 'not_defined')
            as payment_type,
        cast(installment_count as integer) as installment_count,
        {{ money('paid_amount') }} as paid_amount
    from conformed_payments

)

select * from payments

with

orders as (

    select * from {{ source('shop', 'orders') }}

),

stg_shop__orders as (

    select
        order_id,
        order_number,
        customer_id,
        order_status,
        ordered_at,
        is_valid_order,
        invalid_reason,
        item_amount,
        other_amount,
        order_discount_amount as discount_amount,
        shipping_amount as freight_amount,
        tax_amount,
        total_amount,
        expected_total_amount,
        total_difference_amount,
        paid_amount,
        refunded_amount,
        paid_at,
        cancelled_at,
        refunded_at,
        payment_type,
        postal_code,
        city,
        state,
        country,
        line_count,
        merchandise_line_count,
        fee_amount,
        shipping_discount_amount
    from orders

)

select * from stg_shop__orders

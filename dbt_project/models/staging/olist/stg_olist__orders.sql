with

orders as (

    select * from {{ source('olist', 'orders') }}

),

stg_olist__orders as (

    select
        order_id,
        customer_id as order_customer_id,
        order_status,
        order_purchase_timestamp as ordered_at,
        order_approved_at as approved_at,
        order_delivered_carrier_date as shipped_at,
        order_delivered_customer_date as delivered_at,
        cast(order_estimated_delivery_date as date) as estimated_delivery_date
    from orders

)

select * from stg_olist__orders

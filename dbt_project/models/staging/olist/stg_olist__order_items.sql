with

order_items as (

    select * from {{ source('olist', 'order_items') }}

),

stg_olist__order_items as (

    select
        order_id,
        order_item_id as order_item_number,
        product_id,
        seller_id,
        shipping_limit_date as shipping_limit_at,
        price as item_amount,
        freight_value as freight_amount
    from order_items

)

select * from stg_olist__order_items

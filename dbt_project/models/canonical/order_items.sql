{# One row per order item. -#}
with

conformed_order_items as (

    select * from {{ conformed('order_items') }}

),

order_items as (

    select
        order_id,
        cast(order_item_number as integer) as order_item_number,
        product_id,
        seller_id,
        cast(quantity as decimal(18, 3)) as quantity,
        {{ money('item_amount') }} as item_amount,
        {{ money('freight_amount') }} as freight_amount
    from conformed_order_items

)

select * from order_items

{# One row per order item. Olist writes one row per piece. -#}
with

order_items as (

    select * from {{ ref('stg_olist__order_items') }}

),

int_olist__conform_order_items as (

    select
        order_id,
        order_item_number,
        product_id,
        seller_id,
        1 as quantity,
        item_amount,
        freight_amount
    from order_items

)

select * from int_olist__conform_order_items

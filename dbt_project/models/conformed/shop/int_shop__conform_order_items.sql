{# One row per line of merchandise that was sold. Gifts are no sales; shipping,
   fees and vouchers are in the order's other amount. -#}
with

order_lines as (

    select * from {{ ref('stg_shop__order_lines') }}

),

int_shop__conform_order_items as (

    select
        order_id,
        order_item_number,
        product_id,
        {{ not_supplied('order_items', ['seller_id']) }},
        quantity,
        item_amount,
        {{ not_supplied('order_items', ['freight_amount']) }}
    from order_lines
    where
        line_kind = 'sale'
        and is_merchandise

)

select * from int_shop__conform_order_items

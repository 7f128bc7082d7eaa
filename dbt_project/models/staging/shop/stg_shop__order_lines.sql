with

order_lines as (

    select * from {{ source('shop', 'order_lines') }}

),

stg_shop__order_lines as (

    select
        order_id,
        order_line_number as order_item_number,
        customer_id,
        ordered_at,
        line_kind,
        product_id,
        product_name,
        product_kind,
        is_merchandise,
        quantity,
        unit_price,
        item_amount,
        line_discount_amount,
        line_tax_amount,
        source_line_count
    from order_lines

)

select * from stg_shop__order_lines

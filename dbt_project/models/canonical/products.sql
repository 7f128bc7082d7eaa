{# One row per product; a product that only an order item names has no
   category. -#}
with

conformed_products as (

    select * from {{ conformed('products') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

named_products as (

    select distinct product_id from order_items

),

products as (

    select
        coalesce(conformed_products.product_id, named_products.product_id)
            as product_id,
        conformed_products.category_name,
        cast(conformed_products.weight_grams as integer) as weight_grams
    from conformed_products
    full outer join named_products
        on conformed_products.product_id = named_products.product_id

)

select * from products

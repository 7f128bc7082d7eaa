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
    where product_id is not null

),

products as (

    select
        coalesce(conformed_products.product_id, named_products.product_id)
            as product_id,
        conformed_products.product_name,
        conformed_products.category_name,
        conformed_products.product_kind,
        coalesce(conformed_products.is_merchandise, true) as is_merchandise,
        cast(conformed_products.weight_grams as integer) as weight_grams
    from conformed_products
    full outer join named_products
        on conformed_products.product_id = named_products.product_id

)

select * from products

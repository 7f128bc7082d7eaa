{# One row per product. -#}
with

conformed_products as (

    select * from {{ conformed('products') }}

),

products as (

    select
        product_id,
        category_name,
        cast(weight_grams as integer) as weight_grams
    from conformed_products

)

select * from products

{# One row per product. -#}
with

products as (

    select * from {{ ref('stg_shop__products') }}

),

int_shop__conform_products as (

    select
        product_id,
        product_name,
        category_name,
        product_kind,
        is_merchandise,
        {{ not_supplied('products', ['weight_grams']) }}
    from products

)

select * from int_shop__conform_products

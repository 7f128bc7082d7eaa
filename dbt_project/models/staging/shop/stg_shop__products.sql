with

products as (

    select * from {{ source('shop', 'products') }}

),

stg_shop__products as (

    select
        product_id,
        product_name,
        category_name,
        product_kind,
        is_merchandise
    from products

)

select * from stg_shop__products

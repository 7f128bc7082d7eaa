{# One row per product. A category without a translation keeps its own name;
   a product without a category has none (pitfall 13). -#}
with

products as (

    select * from {{ ref('stg_olist__products') }}

),

category_names as (

    select * from {{ ref('stg_olist__category_names') }}

),

int_olist__conform_products as (

    select
        products.product_id,
        {{ not_supplied('products', ['product_name']) }},
        coalesce(
            category_names.english_category_name, products.category_name
        ) as category_name,
        {{ not_supplied('products', ['product_kind']) }},
        true as is_merchandise,
        products.weight_grams
    from products
    left join category_names
        on products.category_name = category_names.category_name

)

select * from int_olist__conform_products

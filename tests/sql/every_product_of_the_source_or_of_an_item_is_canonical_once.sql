{{ config(group='ingestion') }}
with

known_products as (

    select product_id from {{ conformed('products') }}
    union
    select product_id from {{ ref('order_items') }}
    where product_id is not null

),

products as (

    select product_id from {{ ref('products') }}

)

select
    products.product_id as found_product_id,
    known_products.product_id as expected_product_id
from products
full outer join known_products
    on products.product_id = known_products.product_id
where
    products.product_id is null
    or known_products.product_id is null

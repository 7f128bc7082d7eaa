{{ config(group='ingestion') }}
with

known_sellers as (

    select seller_id from {{ conformed('sellers') }}
    union
    select seller_id from {{ ref('order_items') }}
    where seller_id is not null

),

sellers as (

    select seller_id from {{ ref('sellers') }}

)

select
    sellers.seller_id as found_seller_id,
    known_sellers.seller_id as expected_seller_id
from sellers
full outer join known_sellers
    on sellers.seller_id = known_sellers.seller_id
where
    sellers.seller_id is null
    or known_sellers.seller_id is null

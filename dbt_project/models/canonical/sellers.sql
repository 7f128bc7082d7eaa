{# One row per seller; a seller whom only an order item names has an empty
   place. -#}
with

conformed_sellers as (

    select * from {{ conformed('sellers') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

named_sellers as (

    select distinct seller_id from order_items
    where seller_id is not null

),

sellers as (

    select
        coalesce(conformed_sellers.seller_id, named_sellers.seller_id)
            as seller_id,
        nullif(trim(conformed_sellers.postal_code), '') as postal_code,
        nullif(trim(conformed_sellers.city), '') as city,
        {{ place_code('conformed_sellers.state') }} as state
    from conformed_sellers
    full outer join named_sellers
        on conformed_sellers.seller_id = named_sellers.seller_id

)

select * from sellers

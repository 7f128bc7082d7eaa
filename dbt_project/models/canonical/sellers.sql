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
    where
        seller_id is not null
        and seller_id not in (
            select conformed_sellers.seller_id from conformed_sellers
        )

),

sellers as (

    select
        seller_id,
        nullif(trim(postal_code), '') as postal_code,
        nullif(trim(city), '') as city,
        {{ place_code('state') }} as state
    from conformed_sellers
    union all
    select
        seller_id,
        {{ not_supplied('sellers', ['postal_code', 'city', 'state']) }}
    from named_sellers

)

select * from sellers

with

shop_capabilities as (

    select * from {{ source('shop', 'shop_capabilities') }}

),

stg_shop__shop_capabilities as (

    select
        capability,
        is_supplied,
        lack,
        remedy
    from shop_capabilities

)

select * from stg_shop__shop_capabilities

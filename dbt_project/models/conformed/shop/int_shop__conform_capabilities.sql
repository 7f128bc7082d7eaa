{# One row per capability; the load derives them from what the tables hold. -#}
with

shop_capabilities as (

    select * from {{ ref('stg_shop__shop_capabilities') }}

),

int_shop__conform_capabilities as (

    select
        capability,
        is_supplied,
        lack,
        remedy
    from shop_capabilities

)

select * from int_shop__conform_capabilities

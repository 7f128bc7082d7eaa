with

shipments as (

    select * from {{ source('shop', 'shipments') }}

),

stg_shop__shipments as (

    select
        order_id,
        shipped_at,
        delivered_at,
        estimated_delivery_date
    from shipments

)

select * from stg_shop__shipments

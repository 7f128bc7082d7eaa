with

customers as (

    select * from {{ source('shop', 'customers') }}

),

stg_shop__customers as (

    select
        customer_id,
        postal_code,
        city,
        state,
        country
    from customers

)

select * from stg_shop__customers

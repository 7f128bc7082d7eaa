with

customer_contacts as (

    select * from {{ source('shop', 'customer_contacts') }}

),

stg_shop__customer_contacts as (

    select
        customer_id,
        email,
        phone
    from customer_contacts

)

select * from stg_shop__customer_contacts

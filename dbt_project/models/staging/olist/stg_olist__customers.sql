with

customers as (

    select * from {{ source('olist', 'customers') }}

),

stg_olist__customers as (

    select
        customer_id as order_customer_id,
        customer_unique_id as customer_id,
        customer_zip_code_prefix as postal_code,
        customer_city as city,
        customer_state as state
    from customers

)

select * from stg_olist__customers

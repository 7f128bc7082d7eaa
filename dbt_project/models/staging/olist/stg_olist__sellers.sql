with

sellers as (

    select * from {{ source('olist', 'sellers') }}

),

stg_olist__sellers as (

    select
        seller_id,
        seller_zip_code_prefix as postal_code,
        seller_city as city,
        seller_state as state
    from sellers

)

select * from stg_olist__sellers

{# One row per seller. -#}
with

conformed_sellers as (

    select * from {{ conformed('sellers') }}

),

sellers as (

    select
        seller_id,
        postal_code,
        city,
        state
    from conformed_sellers

)

select * from sellers

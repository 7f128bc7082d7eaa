{# One row per seller. -#}
with

sellers as (

    select * from {{ ref('stg_olist__sellers') }}

),

int_olist__conform_sellers as (

    select
        seller_id,
        postal_code,
        city,
        state
    from sellers

)

select * from int_olist__conform_sellers

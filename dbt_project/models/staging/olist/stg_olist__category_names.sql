with

translations as (

    select * from {{ source('olist', 'product_category_name_translation') }}

),

stg_olist__category_names as (

    select
        product_category_name as category_name,
        product_category_name_english as english_category_name
    from translations

)

select * from stg_olist__category_names

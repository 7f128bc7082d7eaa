with

products as (

    select * from {{ source('olist', 'products') }}

),

stg_olist__products as (

    select
        product_id,
        product_category_name as category_name,
        product_name_lenght as name_length,
        product_description_lenght as description_length,
        product_photos_qty as photo_count,
        product_weight_g as weight_grams,
        product_length_cm as length_centimetres,
        product_height_cm as height_centimetres,
        product_width_cm as width_centimetres
    from products

)

select * from stg_olist__products

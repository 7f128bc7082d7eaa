with

reviews as (

    select * from {{ source('shop', 'reviews') }}

),

stg_shop__reviews as (

    select
        review_id,
        order_id,
        review_score,
        sent_at,
        answered_at
    from reviews

)

select * from stg_shop__reviews

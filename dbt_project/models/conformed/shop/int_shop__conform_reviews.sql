{# One row per review of an order. The files state no comments. -#}
with

reviews as (

    select * from {{ ref('stg_shop__reviews') }}

),

int_shop__conform_reviews as (

    select
        review_id,
        order_id,
        review_score,
        false as is_commented,
        sent_at,
        answered_at
    from reviews

)

select * from int_shop__conform_reviews

{# One row per answered survey of one order. Without a score it says nothing.
   -#}
with

conformed_reviews as (

    select * from {{ conformed('reviews') }}

),

reviews as (

    select
        review_id,
        order_id,
        cast(review_score as integer) as review_score,
        is_commented,
        sent_at,
        answered_at
    from conformed_reviews
    where review_score is not null

)

select * from reviews

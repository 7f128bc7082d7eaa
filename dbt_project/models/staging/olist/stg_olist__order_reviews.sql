with

order_reviews as (

    select * from {{ source('olist', 'order_reviews') }}

),

stg_olist__order_reviews as (

    select
        review_id,
        order_id,
        review_score,
        review_comment_title as comment_title,
        review_comment_message as comment_message,
        review_creation_date as sent_at,
        review_answer_timestamp as answered_at
    from order_reviews

)

select * from stg_olist__order_reviews

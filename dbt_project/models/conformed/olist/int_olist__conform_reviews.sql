{# One row per survey of one order: a survey id may stand on several orders,
   and an order may have several surveys (pitfall 10). -#}
with

order_reviews as (

    select * from {{ ref('stg_olist__order_reviews') }}

),

int_olist__conform_reviews as (

    select
        review_id,
        order_id,
        review_score,
        comment_title is not null
        or comment_message is not null as is_commented,
        sent_at,
        answered_at
    from order_reviews

)

select * from int_olist__conform_reviews

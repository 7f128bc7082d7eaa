{# One row per seller over so much in delivered revenue. -#}
with

seller_performance as (

    select * from {{ ref('seller_performance') }}

),

large_sellers as (

    select
        seller_id,
        postal_code,
        city,
        state,
        first_sale_at,
        last_sale_at,
        is_selling,
        delivered_order_count,
        delivered_amount,
        average_review_score,
        late_share
    from seller_performance
    where delivered_amount > {{ var('large_seller_amount') }}

)

select * from large_sellers

{# One row per seller whose first sale is younger than some months and who has
   sold more than so many pieces. -#}
with

seller_performance as (

    select * from {{ ref('seller_performance') }}

),

busy_new_sellers as (

    select
        seller_id,
        postal_code,
        city,
        state,
        first_sale_at,
        item_count,
        product_count,
        order_count,
        item_amount,
        freight_amount,
        average_review_score,
        late_share
    from seller_performance
    where
        first_sale_at > {{ add_months(
            date_literal(as_of_date()), -var('new_seller_window_months')
        ) }}
        and item_count > {{ var('busy_seller_item_count') }}

)

select * from busy_new_sellers

{# One row per postal code of sellers among the worst reviewed: each review of
   an order counts once for each postal code from which it came, however many
   of its items or sellers were there. -#}
with

order_items as (

    select * from {{ ref('order_items') }}

),

sellers as (

    select * from {{ ref('sellers') }}

),

reviews as (

    select * from {{ ref('reviews') }}
    where
        answered_at >= {{ add_months(
            date_literal(as_of_date()), -var('worst_review_window_months')
        ) }}
        and answered_at < {{ date_literal(as_of_date()) }}

),

sellers_per_order_and_postal_code as (

    select distinct
        sellers.postal_code,
        order_items.order_id,
        order_items.seller_id
    from order_items
    inner join sellers
        on order_items.seller_id = sellers.seller_id
    where sellers.postal_code is not null

),

orders_per_postal_code as (

    select distinct
        postal_code,
        order_id
    from sellers_per_order_and_postal_code

),

reviews_per_postal_code as (

    select
        orders_per_postal_code.postal_code,
        count(*) as review_count,
        {{ ratio('sum(reviews.review_score)', 'count(*)') }}
            as average_review_score
    from orders_per_postal_code
    inner join reviews
        on orders_per_postal_code.order_id = reviews.order_id
    group by orders_per_postal_code.postal_code
    having count(*) > {{ var('worst_review_count') }}

),

reviewed_sellers as (

    select
        sellers_per_order_and_postal_code.postal_code,
        count(distinct sellers_per_order_and_postal_code.seller_id)
            as seller_count
    from sellers_per_order_and_postal_code
    where
        sellers_per_order_and_postal_code.order_id in (
            select reviews.order_id from reviews
        )
    group by sellers_per_order_and_postal_code.postal_code

),

ranked_postal_codes as (

    select
        *,
        row_number() over (
            order by
                average_review_score asc,
                review_count desc,
                postal_code asc
        ) as review_rank
    from reviews_per_postal_code

),

worst_reviewed_postal_codes as (

    select
        cast(ranked_postal_codes.review_rank as integer) as review_rank,
        ranked_postal_codes.postal_code,
        cast(reviewed_sellers.seller_count as integer) as seller_count,
        cast(ranked_postal_codes.review_count as integer) as review_count,
        ranked_postal_codes.average_review_score
    from ranked_postal_codes
    inner join reviewed_sellers
        on ranked_postal_codes.postal_code = reviewed_sellers.postal_code
    where
        ranked_postal_codes.review_rank <= {{ var('worst_postal_code_count') }}

)

select * from worst_reviewed_postal_codes

{# Counted in another way: distinct triples of survey, order and seller (or
   category), however many items the order has (pitfall 7). #}
with

reviewed_items as (

    select
        reviews.review_id,
        reviews.order_id,
        order_items.seller_id,
        coalesce(products.category_name, 'without category') as category_name
    from {{ ref('reviews') }} as reviews
    inner join {{ ref('orders') }} as orders
        on reviews.order_id = orders.order_id
    inner join {{ ref('order_items') }} as order_items
        on reviews.order_id = order_items.order_id
    left join {{ ref('products') }} as products
        on order_items.product_id = products.product_id
    where
        orders.is_valid_order
        and orders.ordered_at < {{ date_literal(as_of_date()) }}
        and reviews.answered_at < {{ date_literal(as_of_date()) }}

),

distinct_by_seller as (

    select distinct
        review_id,
        order_id,
        seller_id
    from reviewed_items
    where seller_id is not null

),

distinct_by_category as (

    select distinct
        review_id,
        order_id,
        category_name
    from reviewed_items

),

readings as (

    select
        'seller_performance' as mart,
        (
            select coalesce(sum(review_count), 0)
            from {{ ref('seller_performance') }}
        ) as found,
        (select count(*) from distinct_by_seller) as expected
    union all
    select
        'category_performance' as mart,
        (
            select coalesce(sum(review_count), 0)
            from {{ ref('category_performance') }}
        ) as found,
        (select count(*) from distinct_by_category) as expected

)

select * from readings
where found is distinct from expected

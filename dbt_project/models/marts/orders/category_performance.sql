{# One row per product category with a valid order before the as-of date; the
   products without a category have a row of their own. An order with several
   categories counts in each, a review once in each. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

products as (

    select * from {{ ref('products') }}

),

reviews as (

    select * from {{ ref('reviews') }}
    where answered_at < {{ date_literal(as_of_date()) }}

),

valid_orders as (

    select
        *,
        delivered_at < {{ date_literal(as_of_date()) }} as is_delivered,
        delivered_at < {{ date_literal(as_of_date()) }}
        and cast(delivered_at as date) > estimated_delivery_date as is_late
    from orders
    where
        is_valid_order
        and ordered_at < {{ date_literal(as_of_date()) }}

),

sold_items as (

    select
        coalesce(products.category_name, 'without category') as category_name,
        order_items.order_id,
        order_items.product_id,
        order_items.seller_id,
        order_items.quantity,
        order_items.item_amount,
        order_items.freight_amount
    from order_items
    inner join valid_orders
        on order_items.order_id = valid_orders.order_id
    left join products
        on order_items.product_id = products.product_id

),

items_per_category as (

    select
        category_name,
        count(distinct product_id) as product_count,
        count(distinct seller_id) as seller_count,
        {{ pieces('quantity') }} as item_count,
        sum(item_amount) as item_amount,
        sum(freight_amount) as freight_amount
    from sold_items
    group by category_name

),

category_orders as (

    select distinct
        category_name,
        order_id
    from sold_items

),

orders_per_customer as (

    select
        category_orders.category_name,
        valid_orders.customer_id,
        count(*) as order_count,
        count(distinct cast(valid_orders.ordered_at as date))
            as purchase_day_count,
        sum(case when valid_orders.is_delivered then 1 else 0 end)
            as delivered_order_count,
        sum(case when valid_orders.is_late then 1 else 0 end)
            as late_order_count
    from category_orders
    inner join valid_orders
        on category_orders.order_id = valid_orders.order_id
    group by category_orders.category_name, valid_orders.customer_id

),

orders_per_category as (

    select
        category_name,
        sum(order_count) as order_count,
        count(customer_id) as customer_count,
        count(case when purchase_day_count > 1 then customer_id end)
            as repeat_customer_count,
        sum(delivered_order_count) as delivered_order_count,
        sum(late_order_count) as late_order_count
    from orders_per_customer
    group by category_name

),

reviews_per_category as (

    select
        category_orders.category_name,
        count(*) as review_count,
        sum(reviews.review_score) as review_score_sum
    from category_orders
    inner join reviews
        on category_orders.order_id = reviews.order_id
    group by category_orders.category_name

),

category_performance as (

    select
        items_per_category.category_name,
        cast(orders_per_category.order_count as integer) as order_count,
        cast(orders_per_category.customer_count as integer) as customer_count,
        cast(items_per_category.product_count as integer) as product_count,
        cast(items_per_category.seller_count as integer) as seller_count,
        cast(items_per_category.item_count as integer) as item_count,
        {{ money('items_per_category.item_amount') }} as item_amount,
        {{ money('items_per_category.freight_amount') }} as freight_amount,
        {{ ratio(
            'items_per_category.item_amount',
            'sum(items_per_category.item_amount) over ()',
        ) }} as revenue_share,
        {{ ratio(
            'items_per_category.item_amount', 'items_per_category.item_count'
        ) }} as average_item_amount,
        cast(coalesce(reviews_per_category.review_count, 0) as integer)
            as review_count,
        {{ ratio(
            'reviews_per_category.review_score_sum',
            'reviews_per_category.review_count',
        ) }} as average_review_score,
        cast(orders_per_category.delivered_order_count as integer)
            as delivered_order_count,
        {{ ratio(
            'orders_per_category.late_order_count',
            'orders_per_category.delivered_order_count',
        ) }} as late_share,
        {{ ratio(
            'orders_per_category.repeat_customer_count',
            'orders_per_category.customer_count',
        ) }} as repeat_customer_share
    from items_per_category
    inner join orders_per_category
        on items_per_category.category_name = orders_per_category.category_name
    left join reviews_per_category
        on items_per_category.category_name = reviews_per_category.category_name

)

select * from category_performance

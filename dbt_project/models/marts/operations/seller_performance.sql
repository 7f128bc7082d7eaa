{# One row per seller with a valid order before the as-of date. An order with
   several sellers counts for each of them, and so does each of its reviews,
   once. The time to hand over runs from the order, not from the approval,
   which often comes after the carrier. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

order_items as (

    select * from {{ ref('order_items') }}
    where seller_id is not null

),

sellers as (

    select * from {{ ref('sellers') }}

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
        and cast(delivered_at as date) > estimated_delivery_date as is_late,
        case
            when
                shipped_at < {{ date_literal(as_of_date()) }}
                and shipped_at >= ordered_at
                then {{ seconds_between('ordered_at', 'shipped_at') }}
        end as handover_seconds
    from orders
    where
        is_valid_order
        and ordered_at < {{ date_literal(as_of_date()) }}

),

items_per_seller_and_order as (

    select
        order_items.seller_id,
        order_items.order_id,
        {{ pieces('order_items.quantity') }} as item_count,
        sum(order_items.item_amount) as item_amount,
        sum(order_items.freight_amount) as freight_amount
    from order_items
    inner join valid_orders
        on order_items.order_id = valid_orders.order_id
    group by order_items.seller_id, order_items.order_id

),

products_per_seller as (

    select
        order_items.seller_id,
        count(distinct order_items.product_id) as product_count
    from order_items
    inner join valid_orders
        on order_items.order_id = valid_orders.order_id
    group by order_items.seller_id

),

sales as (

    select
        items_per_seller_and_order.seller_id,
        min(valid_orders.ordered_at) as first_sale_at,
        max(valid_orders.ordered_at) as last_sale_at,
        count(*) as order_count,
        count(distinct valid_orders.customer_id) as customer_count,
        sum(items_per_seller_and_order.item_count) as item_count,
        sum(items_per_seller_and_order.item_amount) as item_amount,
        sum(items_per_seller_and_order.freight_amount) as freight_amount,
        sum(case when valid_orders.is_delivered then 1 else 0 end)
            as delivered_order_count,
        sum(
            case
                when valid_orders.is_delivered
                    then
                        items_per_seller_and_order.item_amount
                        + items_per_seller_and_order.freight_amount
                else 0
            end
        ) as delivered_amount,
        sum(case when valid_orders.is_late then 1 else 0 end)
            as late_order_count,
        count(valid_orders.handover_seconds) as handed_over_order_count,
        sum(valid_orders.handover_seconds) as handover_seconds
    from items_per_seller_and_order
    inner join valid_orders
        on items_per_seller_and_order.order_id = valid_orders.order_id
    group by items_per_seller_and_order.seller_id

),

reviews_per_seller as (

    select
        items_per_seller_and_order.seller_id,
        count(*) as review_count,
        sum(reviews.review_score) as review_score_sum
    from items_per_seller_and_order
    inner join reviews
        on items_per_seller_and_order.order_id = reviews.order_id
    group by items_per_seller_and_order.seller_id

),

seller_performance as (

    select
        sales.seller_id,
        sellers.postal_code,
        sellers.city,
        sellers.state,
        sales.first_sale_at,
        sales.last_sale_at,
        sales.last_sale_at >= {{ add_days(
            date_literal(as_of_date()), -var('selling_window_days')
        ) }} as is_selling,
        cast(sales.order_count as integer) as order_count,
        cast(sales.customer_count as integer) as customer_count,
        cast(products_per_seller.product_count as integer) as product_count,
        cast(sales.item_count as integer) as item_count,
        {{ money('sales.item_amount') }} as item_amount,
        {{ money('sales.freight_amount') }} as freight_amount,
        cast(sales.delivered_order_count as integer) as delivered_order_count,
        {{ money('sales.delivered_amount') }} as delivered_amount,
        cast(coalesce(reviews_per_seller.review_count, 0) as integer)
            as review_count,
        {{ ratio(
            'reviews_per_seller.review_score_sum',
            'reviews_per_seller.review_count',
        ) }} as average_review_score,
        {{ ratio('sales.late_order_count', 'sales.delivered_order_count') }}
            as late_share,
        {{ ratio(
            'sales.handover_seconds', '86400 * sales.handed_over_order_count'
        ) }} as average_handover_days
    from sales
    inner join products_per_seller
        on sales.seller_id = products_per_seller.seller_id
    left join sellers
        on sales.seller_id = sellers.seller_id
    left join reviews_per_seller
        on sales.seller_id = reviews_per_seller.seller_id

)

select * from seller_performance

{# One row per warning about what belongs to orders: items, payments, products,
   reviews and returns. A left join of payments with items and reviews repeats
   each payment once per item and review, and that of an order without either
   once: multiplying says what such a join would sum to. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

payments as (

    select * from {{ ref('payments') }}

),

products as (

    select * from {{ ref('products') }}

),

reviews as (

    select * from {{ ref('reviews') }}

),

returns as (

    select * from {{ ref('returns') }}

),

items_per_order as (

    select
        order_id,
        count(*) as item_count
    from order_items
    group by order_id

),

payments_per_order as (

    select
        order_id,
        count(*) as payment_count
    from payments
    group by order_id

),

reviews_per_order as (

    select
        order_id,
        count(*) as review_count
    from reviews
    group by order_id

),

paid_orders as (

    select
        orders.order_id,
        orders.paid_amount,
        items_per_order.item_count,
        payments_per_order.payment_count,
        orders.paid_amount - orders.item_amount - orders.other_amount
        - orders.freight_amount + orders.discount_amount as excess_amount,
        coalesce(orders.tax_amount, 0) as tax_amount,
        coalesce(items_per_order.item_count, 1)
        * coalesce(reviews_per_order.review_count, 1) as repeat_count
    from orders
    inner join payments_per_order
        on orders.order_id = payments_per_order.order_id
    left join items_per_order
        on orders.order_id = items_per_order.order_id
    left join reviews_per_order
        on orders.order_id = reviews_per_order.order_id

),

orders_per_review as (

    select
        review_id,
        count(distinct order_id) as order_count
    from reviews
    group by review_id

),

returning_people as (

    select distinct
        customer_id,
        customer_id in (
            select orders.customer_id from orders
            where orders.customer_id is not null
        ) as has_orders
    from returns
    where customer_id is not null

),

count_detail_warnings as (

    {{ count_warning(
        'orders_paid_otherwise', 'paid_orders',
        'item_count is not null and abs(excess_amount) > 0.01'
        ' and abs(excess_amount - tax_amount) > 0.01',
        whole='item_count is not null', amount='abs(excess_amount)'
    ) }}
    union all
    {{ count_warning(
        'money_multiplied_by_joins', 'paid_orders',
        'paid_amount > 0 and repeat_count > 1',
        amount='paid_amount * (repeat_count - 1)'
    ) }}
    union all
    {{ count_warning(
        'orders_with_several_payments', 'paid_orders', 'payment_count > 1',
        amount='paid_amount'
    ) }}
    union all
    {{ count_warning('payments_of_zero', 'payments', 'paid_amount = 0') }}
    union all
    {{ count_warning(
        'payments_of_unknown_type', 'payments',
        "payment_type = 'not_defined'", amount='paid_amount'
    ) }}
    union all
    {{ count_warning(
        'payments_in_zero_installments', 'payments', 'installment_count = 0',
        amount='paid_amount'
    ) }}
    union all
    {{ count_warning(
        'items_of_price_zero', 'order_items', 'item_amount = 0'
    ) }}
    union all
    {{ count_warning(
        'items_of_fractional_quantity', 'order_items',
        'quantity <> floor(quantity)', amount='item_amount'
    ) }}
    union all
    {{ count_warning(
        'products_without_category', 'products', 'category_name is null'
    ) }}
    union all
    {{ count_warning(
        'products_without_name', 'products',
        'product_name is null and exists (select 1 from products as named'
        ' where named.product_name is not null)'
    ) }}
    union all
    {{ count_warning(
        'orders_with_several_reviews', 'reviews_per_order', 'review_count > 1'
    ) }}
    union all
    {{ count_warning(
        'review_ids_on_several_orders', 'orders_per_review', 'order_count > 1'
    ) }}
    union all
    {{ count_warning(
        'reviews_without_answer_date', 'reviews',
        'answered_at is null and exists (select 1 from reviews as dated'
        ' where dated.answered_at is not null)'
    ) }}
    union all
    {{ count_warning(
        'reviews_without_sending_date', 'reviews',
        'sent_at is null and exists (select 1 from reviews as dated'
        ' where dated.sent_at is not null)'
    ) }}
    union all
    {{ count_warning(
        'returns_without_purchase', 'returns', "match_kind = 'unmatched'",
        amount='returned_amount'
    ) }}
    union all
    {{ count_warning(
        'returns_matched_in_part', 'returns', "match_kind = 'partial'",
        amount='returned_amount'
    ) }}
    union all
    {{ count_warning(
        'people_with_returns_only', 'returning_people', 'not has_orders'
    ) }}

)

select * from count_detail_warnings

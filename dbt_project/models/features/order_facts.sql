{# One row per order of merchandise by a known person: what features are made
   of. Later knowledge, to be held
   against the as-of date, are approved_at, shipped_at, delivered_at,
   is_valid_order (for labels only) and next_ordered_at, until when the order
   is the latest one; all else is known when the order is placed.
   What is bought, from whom and whether on a new day counts where it happens
   first, so that sums over a person's orders count distinct things.
   An order without items was mostly one that could not be supplied, and the
   source dropped them later: its items are empty, which models fill
   in, and not 0, which they would learn from. -#}
with

orders as (

    select * from {{ ref('orders') }}
    where
        customer_id is not null
        and has_merchandise

),

order_items as (

    select * from {{ ref('order_items') }}

),

payments as (

    select * from {{ ref('payments') }}

),

payment_types as (

    select * from {{ ref('payment_types') }}

),

products as (

    select * from {{ ref('products') }}

),

sellers as (

    select * from {{ ref('sellers') }}

),

postal_codes as (

    select * from {{ ref('postal_codes') }}

),

item_facts as (

    select
        orders.customer_id,
        orders.order_id,
        products.category_name,
        row_number() over (
            partition by orders.customer_id, order_items.product_id
            order by
                orders.ordered_at asc,
                orders.order_id asc,
                order_items.order_item_number asc
        ) as product_purchase_number,
        row_number() over (
            partition by orders.customer_id, products.category_name
            order by
                orders.ordered_at asc,
                orders.order_id asc,
                order_items.order_item_number asc
        ) as category_purchase_number,
        row_number() over (
            partition by orders.customer_id, order_items.seller_id
            order by
                orders.ordered_at asc,
                orders.order_id asc,
                order_items.order_item_number asc
        ) as seller_purchase_number,
        cast(
            {{ distance_km(
                'customer_places.latitude', 'customer_places.longitude',
                'seller_places.latitude', 'seller_places.longitude'
            ) }} as decimal(18, 3)
        ) as seller_distance_km
    from order_items
    inner join orders
        on order_items.order_id = orders.order_id
    left join products
        on order_items.product_id = products.product_id
    left join sellers
        on order_items.seller_id = sellers.seller_id
    left join postal_codes as seller_places
        on sellers.postal_code = seller_places.postal_code
    left join postal_codes as customer_places
        on orders.postal_code = customer_places.postal_code

),

items_per_order as (

    select
        order_id,
        sum(case when product_purchase_number = 1 then 1 else 0 end)
            as new_product_count,
        sum(
            case
                when category_name is not null and category_purchase_number = 1
                    then 1
                else 0
            end
        ) as new_category_count,
        sum(case when seller_purchase_number = 1 then 1 else 0 end)
            as new_seller_count,
        {{ ratio('sum(seller_distance_km)', 'count(seller_distance_km)') }}
            as seller_distance_km
    from item_facts
    group by order_id

),

vouchers_per_order as (

    select
        payments.order_id,
        sum(payments.paid_amount) as voucher_amount
    from payments
    inner join payment_types
        on
            payments.payment_type
            = {{ listed_value('payment_types.payment_type') }}
    where payment_types.is_voucher
    group by payments.order_id

),

purchase_days as (

    select
        customer_id,
        cast(ordered_at as date) as purchase_date,
        min(order_id) as counting_order_id
    from orders
    group by customer_id, cast(ordered_at as date)

),

gaps as (

    select
        *,
        lag(purchase_date) over (
            partition by customer_id order by purchase_date asc
        ) as previous_purchase_date
    from purchase_days

),

sequenced_orders as (

    select
        *,
        lag(ordered_at) over (
            partition by customer_id order by ordered_at asc, order_id asc
        ) as previous_ordered_at,
        lag(ordered_at, 2) over (
            partition by customer_id order by ordered_at asc, order_id asc
        ) as second_previous_ordered_at,
        lead(ordered_at) over (
            partition by customer_id order by ordered_at asc, order_id asc
        ) as next_ordered_at
    from orders

),

order_facts as (

    select
        sequenced_orders.order_id,
        sequenced_orders.customer_id,
        sequenced_orders.ordered_at,
        sequenced_orders.approved_at,
        sequenced_orders.shipped_at,
        sequenced_orders.delivered_at,
        sequenced_orders.estimated_delivery_date,
        sequenced_orders.is_valid_order,
        sequenced_orders.previous_ordered_at,
        sequenced_orders.second_previous_ordered_at,
        sequenced_orders.next_ordered_at,
        cast(
            case
                when gaps.counting_order_id = sequenced_orders.order_id then 1
                else 0
            end as integer
        ) as new_purchase_day_count,
        cast(
            {{ days_between(
                'gaps.previous_purchase_date', 'gaps.purchase_date'
            ) }} as integer
        ) as gap_days,
        case
            when sequenced_orders.item_count > 0
                then sequenced_orders.item_count
        end as item_count,
        case
            when sequenced_orders.item_count > 0
                then sequenced_orders.item_amount
        end as item_amount,
        case
            when sequenced_orders.item_count > 0
                then sequenced_orders.freight_amount
        end as freight_amount,
        cast(items_per_order.new_product_count as integer)
            as new_product_count,
        cast(items_per_order.new_category_count as integer)
            as new_category_count,
        cast(items_per_order.new_seller_count as integer) as new_seller_count,
        cast(items_per_order.seller_distance_km as decimal(18, 3))
            as seller_distance_km,
        sequenced_orders.order_amount,
        {{ money('coalesce(vouchers_per_order.voucher_amount, 0)') }}
            as voucher_amount,
        sequenced_orders.installment_count,
        sequenced_orders.postal_code,
        sequenced_orders.city,
        sequenced_orders.state
    from sequenced_orders
    inner join gaps
        on
            sequenced_orders.customer_id = gaps.customer_id
            and cast(sequenced_orders.ordered_at as date) = gaps.purchase_date
    left join items_per_order
        on sequenced_orders.order_id = items_per_order.order_id
    left join vouchers_per_order
        on sequenced_orders.order_id = vouchers_per_order.order_id

)

select * from order_facts

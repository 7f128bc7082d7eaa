{# One row per order. Olist's customer_id is per order; from here on the
   customer is the person (pitfall 1). -#}
with

orders as (

    select * from {{ ref('stg_olist__orders') }}

),

customers as (

    select * from {{ ref('stg_olist__customers') }}

),

int_olist__conform_orders as (

    select
        orders.order_id,
        customers.customer_id,
        orders.order_status,
        orders.ordered_at,
        orders.approved_at,
        orders.shipped_at,
        orders.delivered_at,
        orders.estimated_delivery_date,
        {{ not_supplied('orders', [
            'is_valid_order', 'invalid_reason', 'has_merchandise',
            'other_amount', 'discount_amount', 'freight_amount', 'tax_amount',
        ]) }},
        customers.postal_code,
        customers.city,
        customers.state,
        '{{ var('source_defaults')['olist']['country_code'] }}' as country
    from orders
    inner join customers
        on orders.order_customer_id = customers.order_customer_id

)

select * from int_olist__conform_orders

{# One row per person who ever ordered; where they live is where their latest
   order went, the higher order id if two are of the same second. -#}
with

orders as (

    select * from {{ ref('orders') }}
    where customer_id is not null

),

state_regions as (

    select * from {{ ref('state_regions') }}

),

numbered_orders as (

    select
        *,
        min(ordered_at) over (partition by customer_id) as first_order_at,
        row_number() over (
            partition by customer_id
            order by ordered_at desc, order_id desc
        ) as order_number_from_last
    from orders

),

customers as (

    select
        numbered_orders.customer_id,
        numbered_orders.first_order_at,
        numbered_orders.postal_code,
        numbered_orders.city,
        numbered_orders.state,
        numbered_orders.country,
        state_regions.region
    from numbered_orders
    left join state_regions
        on
            numbered_orders.country = {{ place_code('state_regions.country') }}
            and numbered_orders.state = {{ place_code('state_regions.state') }}
    where numbered_orders.order_number_from_last = 1

)

select * from customers

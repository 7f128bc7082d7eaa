{# One row per order. What is no order (no merchandise, cancelled, a status that
   is not valid) says so by the mapping's rules. -#}
with

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

shipments as (

    select * from {{ ref('stg_shop__shipments') }}

),

settings as (

    select * from {{ ref('stg_shop__shop_settings') }}

),

places as (

    select
        customer_id,
        max(postal_code) as postal_code,
        max(city) as city,
        max(state) as state,
        max(country) as country
    from customers
    where customer_id is not null
    group by customer_id

),

parcels as (

    select
        order_id,
        min(shipped_at) as shipped_at,
        max(delivered_at) as delivered_at,
        max(estimated_delivery_date) as estimated_delivery_date,
        count(*) - count(delivered_at) as open_parcel_count
    from shipments
    group by order_id

),

int_shop__conform_orders as (

    select
        orders.order_id,
        orders.customer_id,
        orders.order_status,
        orders.ordered_at,
        orders.paid_at as approved_at,
        parcels.shipped_at,
        case
            when parcels.open_parcel_count = 0 then parcels.delivered_at
        end as delivered_at,
        cast(parcels.estimated_delivery_date as date)
            as estimated_delivery_date,
        orders.is_valid_order,
        orders.invalid_reason,
        case
            when orders.line_count > 0 then orders.merchandise_line_count > 0
        end as has_merchandise,
        orders.other_amount,
        case
            when settings.is_order_discount_subtracted
                then orders.discount_amount
        end as discount_amount,
        orders.freight_amount,
        orders.tax_amount,
        coalesce(orders.postal_code, places.postal_code) as postal_code,
        coalesce(orders.city, places.city) as city,
        coalesce(orders.state, places.state) as state,
        coalesce(orders.country, places.country) as country
    from orders
    cross join settings
    left join places
        on orders.customer_id = places.customer_id
    left join parcels
        on orders.order_id = parcels.order_id

)

select * from int_shop__conform_orders

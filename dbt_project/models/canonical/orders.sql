{# One row per order. What belongs to an order is summed to the order first and
   joined after, so that no join multiplies money. Whether an order is valid the
   source says, else its status; one that the list does not know, or none, is
   not valid: nobody said that it is. An order comes to what was paid, where the
   source has payments, else to its merchandise less discounts. -#}
with

conformed_orders as (

    select
        *,
        coalesce({{ listed_value('order_status') }}, 'not_stated')
            as listed_status
    from {{ conformed('orders') }}

),

order_items as (

    select * from {{ ref('order_items') }}

),

payments as (

    select * from {{ ref('payments') }}

),

returns as (

    select * from {{ ref('returns') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

items_per_order as (

    select
        order_id,
        {{ pieces('quantity') }} as item_count,
        sum(item_amount) as item_amount,
        sum(freight_amount) as freight_amount
    from order_items
    group by order_id

),

returns_per_order as (

    select
        order_id,
        sum(order_returned_amount) as returned_amount
    from returns
    where order_id is not null
    group by order_id

),

payments_per_order as (

    select
        order_id,
        sum(paid_amount) as paid_amount,
        max(installment_count) as installment_count
    from payments
    group by order_id

),

summed_orders as (

    select
        conformed_orders.order_id,
        conformed_orders.customer_id,
        conformed_orders.listed_status as order_status,
        conformed_orders.ordered_at,
        conformed_orders.approved_at,
        conformed_orders.shipped_at,
        conformed_orders.delivered_at,
        conformed_orders.estimated_delivery_date,
        coalesce(
            conformed_orders.is_valid_order,
            order_statuses.is_valid_order,
            false
        ) as is_valid_order,
        conformed_orders.invalid_reason,
        coalesce(conformed_orders.has_merchandise, true) as has_merchandise,
        cast(coalesce(items_per_order.item_count, 0) as integer) as item_count,
        {{ money('coalesce(items_per_order.item_amount, 0)') }}
            as item_amount,
        {{ money('coalesce(conformed_orders.other_amount, 0)') }}
            as other_amount,
        {{ money('coalesce(conformed_orders.discount_amount, 0)') }}
            as discount_amount,
        {{ money(
            'coalesce(conformed_orders.freight_amount, '
            'items_per_order.freight_amount, 0)'
        ) }} as freight_amount,
        {{ money('conformed_orders.tax_amount') }} as tax_amount,
        {{ money('coalesce(payments_per_order.paid_amount, 0)') }}
            as paid_amount,
        case
            when {{ has_capability('payments') }}
                then {{ money('coalesce(payments_per_order.paid_amount, 0)') }}
            else
                {{ money(
                    'coalesce(items_per_order.item_amount, 0)'
                    ' - coalesce(conformed_orders.discount_amount, 0)'
                ) }}
        end as order_amount,
        {{ money('coalesce(returns_per_order.returned_amount, 0)') }}
            as returned_amount,
        cast(payments_per_order.installment_count as integer)
            as installment_count,
        nullif(trim(conformed_orders.postal_code), '') as postal_code,
        nullif(trim(conformed_orders.city), '') as city,
        {{ place_code('conformed_orders.state') }} as state,
        {{ place_code('conformed_orders.country') }} as country
    from conformed_orders
    left join order_statuses
        on
            conformed_orders.listed_status
            = {{ listed_value('order_statuses.order_status') }}
    left join items_per_order
        on conformed_orders.order_id = items_per_order.order_id
    left join payments_per_order
        on conformed_orders.order_id = payments_per_order.order_id
    left join returns_per_order
        on conformed_orders.order_id = returns_per_order.order_id

),

orders as (

    select
        *,
        order_amount > 0
        and returned_amount >= order_amount as is_wholly_returned
    from summed_orders

)

select * from orders

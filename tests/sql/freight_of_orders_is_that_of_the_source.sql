{# A source states freight for orders or for their items. -#}
{{ config(group='ingestion') }}
with

freight_per_order as (

    select
        order_id,
        sum(freight_amount) as freight_amount
    from {{ ref('order_items') }}
    group by order_id

),

expected as (

    select
        sum(
            coalesce(
                conformed_orders.freight_amount,
                freight_per_order.freight_amount,
                0
            )
        ) as freight_amount
    from (select * from {{ conformed('orders') }}) as conformed_orders
    left join freight_per_order
        on conformed_orders.order_id = freight_per_order.order_id

),

found as (

    select sum(freight_amount) as freight_amount from {{ ref('orders') }}

)

select
    found.freight_amount as found_amount,
    expected.freight_amount as expected_amount
from found
cross join expected
where found.freight_amount is distinct from expected.freight_amount

{# Where the source does not say which orders are valid, their status does; one
   that the list does not know is not valid, and whoever loads is told. -#}
{{ config(severity='warn', group='ingestion') }}
with

undecided_orders as (

    select conformed_orders.order_id
    from (select * from {{ conformed('orders') }}) as conformed_orders
    where conformed_orders.is_valid_order is null

),

order_statuses as (

    select {{ listed_value('order_status') }} as order_status
    from {{ ref('order_statuses') }}

)

select
    orders.order_status,
    count(*) as order_count
from {{ ref('orders') }} as orders
inner join undecided_orders
    on orders.order_id = undecided_orders.order_id
where
    orders.order_status not in (
        select order_statuses.order_status from order_statuses
    )
group by orders.order_status

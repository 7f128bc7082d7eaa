{# To the cent: each mart that holds money, and the orders that it says it
   leaves out, come to the sum of all payments, and to the sum of all orders. A
   mart of customers leaves the orders of guests out, besides. -#}
with

money_reconciliation as (

    select * from {{ ref('money_reconciliation') }}

),

marts as (

    select
        *,
        reading_name = 'marts.customer_rfm' as is_of_customers
    from money_reconciliation
    where reading_kind = 'mart'

),

left_out as (

    select
        *,
        reading_kind = 'left out of marts of customers' as is_of_guests
    from money_reconciliation
    where reading_kind like 'left out%'

),

left_out_per_mart as (

    select
        marts.reading_name,
        sum(left_out.paid_amount) as paid_amount,
        sum(left_out.order_amount) as order_amount
    from marts
    inner join left_out
        on
            marts.is_of_customers
            or not left_out.is_of_guests
    group by marts.reading_name

),

total_paid as (

    select coalesce(sum(paid_amount), 0) as paid_amount
    from {{ ref('payments') }}

),

total_ordered as (

    select sum(order_amount) as order_amount
    from {{ ref('orders') }}

)

select
    marts.reading_name,
    marts.paid_amount,
    left_out_per_mart.paid_amount as left_out_paid_amount,
    total_paid.paid_amount as total_paid_amount,
    marts.order_amount,
    left_out_per_mart.order_amount as left_out_order_amount,
    total_ordered.order_amount as total_order_amount
from marts
inner join left_out_per_mart
    on marts.reading_name = left_out_per_mart.reading_name
cross join total_paid
cross join total_ordered
where
    marts.paid_amount + left_out_per_mart.paid_amount
    is distinct from total_paid.paid_amount
    or marts.order_amount + left_out_per_mart.order_amount
    is distinct from total_ordered.order_amount

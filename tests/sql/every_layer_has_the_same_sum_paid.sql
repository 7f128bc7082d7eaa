{# Of the orders' sum, what was paid for orders that no row has is left out. #}
{{ config(group='ingestion') }}
with

raw_money as (

    select
        coalesce(sum(paid_amount), 0) as paid_amount,
        coalesce(sum(order_amount), 0) as order_amount
    from {{ conformed('raw_money', verb='measure') }}

),

without_order as (

    select coalesce(sum(paid_amount), 0) as paid_amount
    from {{ ref('payments') }}
    where order_id not in (select orders.order_id from {{ ref('orders') }})

)

select
    money_reconciliation.reading_name,
    money_reconciliation.paid_amount
from {{ ref('money_reconciliation') }} as money_reconciliation
cross join raw_money
cross join without_order
where
    money_reconciliation.reading_kind = 'layer'
    and coalesce(money_reconciliation.paid_amount, 0)
    + case
        when money_reconciliation.reading_name = 'canonical.orders'
            then without_order.paid_amount
        else 0
    end
    is distinct from raw_money.paid_amount
union all
select
    'canonical.orders.order_amount' as reading_name,
    sum(orders.order_amount) as paid_amount
from {{ ref('orders') }} as orders
cross join raw_money
cross join without_order
group by raw_money.order_amount, without_order.paid_amount
having
    sum(orders.order_amount) + without_order.paid_amount
    is distinct from raw_money.order_amount

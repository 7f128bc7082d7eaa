with

raw_total as (

    select sum(payment_value) as paid_amount
    from {{ source('olist', 'order_payments') }}

)

select
    money_reconciliation.reading_name,
    money_reconciliation.paid_amount
from {{ ref('money_reconciliation') }} as money_reconciliation
cross join raw_total
where
    money_reconciliation.reading_kind = 'layer'
    and money_reconciliation.paid_amount is distinct from raw_total.paid_amount

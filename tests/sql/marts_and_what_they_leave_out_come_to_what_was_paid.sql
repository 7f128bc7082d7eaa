{# To the cent: each mart that holds money, and the orders that it says it
   leaves out, come to the sum of all payments. #}
with

money_reconciliation as (

    select * from {{ ref('money_reconciliation') }}

),

left_out as (

    select sum(paid_amount) as paid_amount
    from money_reconciliation
    where reading_kind = 'left out'

),

total as (

    select sum(paid_amount) as paid_amount from {{ ref('payments') }}

)

select
    money_reconciliation.reading_name,
    money_reconciliation.paid_amount,
    left_out.paid_amount as left_out_amount,
    total.paid_amount as total_amount
from money_reconciliation
cross join left_out
cross join total
where
    money_reconciliation.reading_kind = 'mart'
    and money_reconciliation.paid_amount + left_out.paid_amount
    is distinct from total.paid_amount

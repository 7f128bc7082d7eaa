{# One row per month of the order and means of payment, valid orders before
   the as-of date. An order may be paid by several means. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

payments as (

    select * from {{ ref('payments') }}

),

valid_payments as (

    select
        cast({{ dbt.date_trunc('month', 'orders.ordered_at') }} as date)
            as order_month_date,
        payments.*
    from payments
    inner join orders
        on payments.order_id = orders.order_id
    where
        orders.is_valid_order
        and orders.ordered_at < {{ date_literal(as_of_date()) }}

),

payments_per_type as (

    select
        order_month_date,
        payment_type,
        count(*) as payment_count,
        count(distinct order_id) as order_count,
        sum(paid_amount) as paid_amount,
        count(installment_count) as stated_payment_count,
        sum(installment_count) as installment_count,
        sum(case when installment_count > 1 then 1 else 0 end)
            as installment_payment_count
    from valid_payments
    group by order_month_date, payment_type

),

payment_mix as (

    select
        order_month_date,
        payment_type,
        cast(payment_count as integer) as payment_count,
        cast(order_count as integer) as order_count,
        {{ money('paid_amount') }} as paid_amount,
        case
            when sum(paid_amount) over (partition by order_month_date) > 0
                then {{ ratio(
                    'paid_amount',
                    'sum(paid_amount) over (partition by order_month_date)',
                ) }}
        end as paid_share,
        {{ ratio('installment_count', 'stated_payment_count') }}
            as average_installment_count,
        {{ ratio('installment_payment_count', 'stated_payment_count') }}
            as installment_payment_share
    from payments_per_type

)

select * from payment_mix

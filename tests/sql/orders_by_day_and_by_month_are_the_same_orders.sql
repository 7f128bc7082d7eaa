with

days_per_month as (

    select
        cast({{ dbt.date_trunc('month', 'order_date') }} as date)
            as order_month_date,
        sum(order_count) as order_count,
        sum(new_customer_count) as new_customer_count,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from {{ ref('orders_daily') }}
    group by 1
    having sum(order_count) > 0

)

select
    days_per_month.order_month_date as found_month_date,
    orders_monthly.order_month_date as expected_month_date
from days_per_month
full outer join {{ ref('orders_monthly') }} as orders_monthly
    on days_per_month.order_month_date = orders_monthly.order_month_date
where
    days_per_month.order_count is distinct from orders_monthly.order_count
    or days_per_month.new_customer_count
    is distinct from orders_monthly.new_customer_count
    or days_per_month.paid_amount is distinct from orders_monthly.paid_amount
    or days_per_month.order_amount
    is distinct from orders_monthly.order_amount

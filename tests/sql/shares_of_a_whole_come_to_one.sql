{# To 1e-9: of each month's payments, of all categories' revenue,
   and of the people behind the steps of each feature. #}
with

totals as (

    select
        'payment_mix ' || cast(order_month_date as varchar) as whole_name,
        sum(paid_share) as share_sum
    from {{ ref('payment_mix') }}
    group by order_month_date
    having sum(paid_amount) > 0
    union all
    select
        'category_performance' as whole_name,
        sum(revenue_share) as share_sum
    from {{ ref('category_performance') }}
    having sum(item_amount) > 0
    union all
    select
        'churn_step_functions ' || feature_name as whole_name,
        sum(customer_share) as share_sum
    from {{ ref('churn_step_functions') }}
    group by feature_name

)

select * from totals
where share_sum is null or abs(share_sum - 1) > 1e-9

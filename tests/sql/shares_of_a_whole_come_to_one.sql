{# To 1e-9: of each month's payments, and of all categories' revenue. #}
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

)

select * from totals
where share_sum is null or abs(share_sum - 1) > 1e-9

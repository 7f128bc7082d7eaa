{# One row per calendar month with a valid order before the as-of date. A repeat
   order is one of a person who had ordered on an earlier day: several orders of
   one day are a basket that was split. A guest is nobody whose
   earlier orders are known. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

valid_orders as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'ordered_at') }} as date)
            as order_month_date,
        row_number() over (
            partition by customer_id order by ordered_at asc, order_id asc
        ) as order_number,
        customer_id is not null
        and cast(ordered_at as date) > cast(
            min(ordered_at) over (partition by customer_id) as date
        ) as is_repeat_order
    from orders
    where
        is_valid_order
        and ordered_at < {{ date_literal(as_of_date()) }}

),

orders_monthly as (

    select
        order_month_date,
        cast(count(*) as integer) as order_count,
        cast(count(distinct customer_id) as integer) as customer_count,
        cast(
            count(distinct case when order_number = 1 then customer_id end)
            as integer
        ) as new_customer_count,
        cast(
            sum(case when is_repeat_order then 1 else 0 end) as integer
        ) as repeat_order_count,
        {{ money('sum(paid_amount)') }} as paid_amount,
        {{ money('sum(order_amount)') }} as order_amount,
        {{ ratio('sum(order_amount)', 'count(*)') }} as average_order_amount,
        {{ money('sum(discount_amount)') }} as discount_amount,
        {{ money('sum(freight_amount)') }} as freight_amount,
        {{ money('sum(other_amount)') }} as other_amount,
        {{ money('sum(tax_amount)') }} as tax_amount,
        {{ money('sum(order_amount - returned_amount)') }} as net_amount,
        {{ ratio(
            'sum(case when is_repeat_order then 1 else 0 end)', 'count(*)'
        ) }} as repeat_order_share,
        order_month_date >= cast({{ dbt.date_trunc(
            'month', date_literal(window_start_date())
        ) }} as date) as is_in_window
    from valid_orders
    group by order_month_date

)

select * from orders_monthly

{# One row: the figures of the whole shop as of this build that pages quote. -#}
with

build_info as (

    select * from {{ ref('build_info') }}

),

orders_monthly as (

    select * from {{ ref('orders_monthly') }}

),

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

delivery_performance as (

    select * from {{ ref('delivery_performance') }}

),

late_recent_orders as (

    select * from {{ ref('late_recent_orders') }}

),

order_sums as (

    select
        count(*) as month_count,
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(order_amount), 0) as order_amount,
        coalesce(sum(net_amount), 0) as net_amount,
        coalesce(sum(repeat_order_count), 0) as repeat_order_count,
        coalesce(
            sum(case when not is_in_window then order_count end), 0
        ) as earlier_order_count
    from orders_monthly

),

customer_sums as (

    select
        count(*) as customer_count,
        coalesce(
            sum(case when purchase_day_count > 1 then 1 else 0 end), 0
        ) as repeat_customer_count
    from customer_rfm

),

delivery_sums as (

    select
        coalesce(sum(delivered_order_count), 0) as delivered_order_count,
        coalesce(sum(review_count), 0) as review_count
    from delivery_performance

),

late_sums as (

    select
        count(*) as late_order_count,
        coalesce(sum(order_amount), 0) as late_order_amount,
        {{ median('late_days') }} as median_late_days
    from late_recent_orders

),

shop_totals as (

    select
        build_info.window_start_date,
        cast(order_sums.order_count as integer) as order_count,
        {{ money('order_sums.order_amount') }} as order_amount,
        {{ money('order_sums.net_amount') }} as net_amount,
        {{ ratio('order_sums.order_amount', 'order_sums.order_count') }}
            as average_order_amount,
        {{ ratio('order_sums.repeat_order_count', 'order_sums.order_count') }}
            as repeat_order_share,
        cast(order_sums.earlier_order_count as integer) as earlier_order_count,
        cast(customer_sums.customer_count as integer) as customer_count,
        {{ ratio(
            'customer_sums.repeat_customer_count',
            'customer_sums.customer_count'
        ) }} as repeat_customer_share,
        cast(delivery_sums.delivered_order_count as integer)
            as delivered_order_count,
        cast(delivery_sums.review_count as integer) as review_count,
        cast(late_sums.late_order_count as integer) as late_order_count,
        {{ money('late_sums.late_order_amount') }} as late_order_amount,
        cast(late_sums.median_late_days as {{ type_double() }})
            as median_late_days
    from build_info
    cross join order_sums
    cross join customer_sums
    cross join delivery_sums
    cross join late_sums

)

select * from shop_totals

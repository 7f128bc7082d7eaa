{# One row per cohort (the people whose first valid order fell in a calendar
   month) and whole month since, to the last month that begins before the as-of
   date; also where nobody came back. Month 0 holds the first order itself and
   all that was bought again within that month. -#}
with recursive

orders as (

    select * from {{ ref('orders') }}

),

data_range as (

    select * from {{ ref('data_range') }}

),

valid_orders as (

    select
        customer_id,
        paid_amount,
        order_amount,
        cast({{ dbt.date_trunc('month', 'ordered_at') }} as date)
            as order_month_date
    from orders
    where
        is_valid_order
        and customer_id is not null
        and ordered_at < {{ date_literal(as_of_date()) }}

),

placed as (

    select
        customer_id,
        paid_amount,
        order_amount,
        order_month_date,
        min(order_month_date) over (partition by customer_id)
            as cohort_month_date
    from valid_orders

),

cohorts as (

    select
        cohort_month_date,
        count(distinct customer_id) as cohort_customer_count
    from placed
    group by cohort_month_date

),

cohort_months as (

    select
        cohort_month_date,
        cohort_customer_count,
        0 as month_number,
        cohort_month_date as month_date
    from cohorts
    union all
    select
        cohort_month_date,
        cohort_customer_count,
        month_number + 1 as month_number,
        cast({{ dbt.dateadd('month', 1, 'month_date') }} as date) as month_date
    from cohort_months
    where
        {{ dbt.dateadd('month', 1, 'month_date') }}
        < {{ date_literal(as_of_date()) }}

),

activity as (

    select
        cohort_month_date,
        order_month_date,
        count(distinct customer_id) as active_customer_count,
        count(*) as order_count,
        sum(paid_amount) as paid_amount,
        sum(order_amount) as order_amount
    from placed
    group by cohort_month_date, order_month_date

),

cohort_retention as (

    select
        cohort_months.cohort_month_date,
        cast(cohort_months.month_number as integer) as month_number,
        cast(cohort_months.cohort_customer_count as integer)
            as cohort_customer_count,
        cast(coalesce(activity.active_customer_count, 0) as integer)
            as active_customer_count,
        {{ ratio(
            'coalesce(activity.active_customer_count, 0)',
            'cohort_months.cohort_customer_count'
        ) }} as retention_rate,
        cast(coalesce(activity.order_count, 0) as integer) as order_count,
        {{ money('coalesce(activity.paid_amount, 0)') }} as paid_amount,
        {{ money('coalesce(activity.order_amount, 0)') }} as order_amount,
        {{ dbt.dateadd('month', 1, 'cohort_months.month_date') }}
        <= data_range.end_of_data_date as is_month_complete,
        cohort_months.cohort_month_date >= cast({{ dbt.date_trunc(
            'month', date_literal(window_start_date())
        ) }} as date) as is_in_window
    from cohort_months
    cross join data_range
    left join activity
        on
            cohort_months.cohort_month_date = activity.cohort_month_date
            and cohort_months.month_date = activity.order_month_date

)

select * from cohort_retention

{# One row per person with a valid order before the as-of date, scored by the
   macro rfm_scored. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

returns as (

    select * from {{ ref('returns') }}

),

totals as (

    select
        customer_id,
        {{ date_literal(as_of_date()) }} as as_of_date,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        cast(count(*) as integer) as frequency,
        cast(count(distinct cast(ordered_at as date)) as integer)
            as purchase_day_count,
        {{ money('sum(order_amount)') }} as monetary_amount
    from orders
    where
        is_valid_order
        and customer_id is not null
        and ordered_at < {{ date_literal(as_of_date()) }}
    group by customer_id

),

returns_per_customer as (

    select
        customer_id,
        sum(order_returned_amount) as returned_amount
    from returns
    where
        customer_id is not null
        and coalesce(returned_at < {{ date_literal(as_of_date()) }}, true)
    group by customer_id

),

measured as (

    select
        *,
        cast({{ days_between('last_order_at', 'as_of_date') }} as integer)
            as recency_days
    from totals

),

scored as (

    {{ rfm_scored(
        'measured', frequency='frequency', monetary='monetary_amount'
    ) }}

),

customer_rfm as (

    select
        scored.customer_id,
        scored.as_of_date,
        scored.first_order_at,
        scored.last_order_at,
        scored.recency_days,
        scored.frequency,
        scored.purchase_day_count,
        scored.monetary_amount,
        scored.r_score,
        scored.f_score,
        scored.m_score,
        cast(
            cast(scored.r_score as varchar)
            || cast(scored.f_score as varchar)
            || cast(scored.m_score as varchar) as varchar
        ) as rfm_score,
        scored.rfm_segment,
        cast(scored.f_score_rule as varchar) as f_score_rule,
        {{ money(
            'scored.monetary_amount'
            ' - coalesce(returns_per_customer.returned_amount, 0)'
        ) }} as net_amount
    from scored
    left join returns_per_customer
        on scored.customer_id = returns_per_customer.customer_id

)

select * from customer_rfm

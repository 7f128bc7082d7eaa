{# One row per cohort: how many of it bought again in the first, third and sixth
   month after its own, and what it has bought so far. -#}
with

cohort_retention as (

    select * from {{ ref('cohort_retention') }}

),

cohorts as (

    select
        cohort_month_date,
        is_in_window,
        max(cohort_customer_count) as customer_count,
        {% for month_number in [1, 3, 6] %}
        max(
            case
                when month_number = {{ month_number }} and is_month_complete
                    then retention_rate
            end
        ) as month_{{ month_number }}_rate,
        {% endfor %}
        cast(sum(order_count) as integer) as order_count,
        {{ money('sum(order_amount)') }} as order_amount
    from cohort_retention
    group by cohort_month_date, is_in_window

)

select * from cohorts

{# One row: all cohorts together. A month's rate is of the cohorts that have
   reached the end of that month. -#}
with

build_info as (

    select * from {{ ref('build_info') }}

),

cohort_retention as (

    select * from {{ ref('cohort_retention') }}
    where month_number = 0 or is_month_complete

),

sums as (

    select
        count(distinct cohort_month_date) as cohort_count,
        {% for month_number in [1, 3, 6] %}
        sum(
            case
                when month_number = {{ month_number }}
                    then active_customer_count
            end
        ) as month_{{ month_number }}_active_count,
        sum(
            case
                when month_number = {{ month_number }}
                    then cohort_customer_count
            end
        ) as month_{{ month_number }}_customer_count,
        {% endfor %}
        coalesce(
            sum(case when month_number = 0 then cohort_customer_count end), 0
        ) as customer_count,
        coalesce(
            sum(
                case
                    when month_number = 0 and not is_in_window
                        then cohort_customer_count
                end
            ), 0
        ) as earlier_customer_count
    from cohort_retention

),

cohort_totals as (

    select
        build_info.window_start_date,
        cast(sums.cohort_count as integer) as cohort_count,
        cast(sums.customer_count as integer) as customer_count,
        {% for month_number in [1, 3, 6] %}
        {{ ratio(
            'sums.month_' ~ month_number ~ '_active_count',
            'sums.month_' ~ month_number ~ '_customer_count'
        ) }} as month_{{ month_number }}_rate,
        {% endfor %}
        cast(sums.earlier_customer_count as integer) as earlier_customer_count
    from build_info
    cross join sums

)

select * from cohort_totals

{# Each person of customer_rfm begins in exactly one cohort. #}
with

cohorts as (

    select sum(cohort_customer_count) as customer_count
    from {{ ref('cohort_retention') }}
    where month_number = 0

),

people as (

    select count(*) as customer_count from {{ ref('customer_rfm') }}

)

select
    cohorts.customer_count as cohort_customer_count,
    people.customer_count as rfm_customer_count
from cohorts
cross join people
where coalesce(cohorts.customer_count, 0) <> people.customer_count

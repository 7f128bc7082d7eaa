{# Its test window ended with the data or before, and the windows of what it had
   learned from ended before it began (the last of them is the latest in the
   text of dates). #}
with

churn_verdict as (

    select * from {{ ref('churn_verdict') }}

),

build_info as (

    select * from {{ ref('build_info') }}

)

select
    churn_verdict.model_id,
    churn_verdict.training_dates,
    churn_verdict.test_date,
    build_info.end_of_data_date
from churn_verdict
cross join build_info
where
    churn_verdict.status = 'champion'
    and (
        {{ add_days(
            'churn_verdict.test_date', 'churn_verdict.label_window_days'
        ) }} > build_info.end_of_data_date
        or {{ add_days(
            "cast(right(churn_verdict.training_dates, 10) as date)",
            'churn_verdict.label_window_days'
        ) }} > churn_verdict.test_date
    )

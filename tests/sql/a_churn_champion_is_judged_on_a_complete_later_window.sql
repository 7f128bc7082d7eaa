{# Its test window is over, and the windows of what it had learned from ended
   before it began (the last of them is the latest in the text of dates). #}
select
    model_id,
    training_dates,
    test_date
from {{ ref('churn_verdict') }}
where
    status = 'champion'
    and (
        {{ add_days('test_date', 'label_window_days') }} > as_of_date
        or {{ add_days(
            "cast(right(training_dates, 10) as date)", 'label_window_days'
        ) }} > test_date
    )

{# One row per as-of date and label window: how many of those who had ordered by
   then came back. While the window is not over there is no rate, only how many
   have come back so far. -#}
with

customer_labels as (

    select * from {{ ref('customer_labels') }}

),

churn_protocol as (

    select * from {{ ref('churn_protocol') }}

),

counted as (

    select
        as_of_date,
        label_window_days,
        is_label_complete,
        count(*) as customer_count,
        sum(case when is_returning then 1 else 0 end) as returned_so_far_count,
        row_number() over (
            partition by label_window_days, is_label_complete
            order by as_of_date desc
        ) as number_from_last
    from customer_labels
    group by as_of_date, label_window_days, is_label_complete

),

label_rates as (

    select
        as_of_date,
        label_window_days,
        is_label_complete,
        cast(customer_count as integer) as customer_count,
        cast(returned_so_far_count as integer) as returned_so_far_count,
        case
            when is_label_complete
                then {{ ratio('returned_so_far_count', 'customer_count') }}
        end as return_rate,
        is_label_complete and number_from_last = 1 as is_latest_complete,
        label_window_days in (
            select churn_protocol.label_window_days from churn_protocol
        ) as is_churn_window
    from counted

)

select * from label_rates

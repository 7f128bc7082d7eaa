{# One row per as-of date and label window: how many of those who had ordered by
   then came back. While the window is not over there is no rate, only how many
   have come back so far. -#}
with

customer_labels as (

    select * from {{ ref('customer_labels') }}

),

label_rates as (

    select
        as_of_date,
        label_window_days,
        is_label_complete,
        cast(count(*) as integer) as customer_count,
        cast(sum(case when is_returning then 1 else 0 end) as integer)
            as returned_so_far_count,
        case
            when is_label_complete
                then {{ ratio(
                    'sum(case when is_returning then 1 else 0 end)', 'count(*)'
                ) }}
        end as return_rate
    from customer_labels
    group by as_of_date, label_window_days, is_label_complete

)

select * from label_rates

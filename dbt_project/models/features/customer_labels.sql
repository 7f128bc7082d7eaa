{# One row per person, as-of date T and label window: did they place a valid
   order in [T, T + window)? Only orders before the as-of date of the build are
   looked at; a window that is not over is true or unknown, never false. -#}
with

customer_feature_snapshots as (

    select * from {{ ref('customer_feature_snapshots') }}

),

orders as (

    select * from {{ ref('orders') }}

),

label_windows as (

    {% for days in var('label_window_days') %}
    select cast({{ days | int }} as integer) as label_window_days
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

windows as (

    select
        as_of_dates.as_of_date,
        label_windows.label_window_days,
        {{ add_days(
            'as_of_dates.as_of_date', 'label_windows.label_window_days'
        ) }} as window_end_date
    from {{ ref('as_of_dates') }} as as_of_dates
    cross join label_windows

),

returning_customers as (

    select distinct
        orders.customer_id,
        windows.as_of_date,
        windows.label_window_days
    from orders
    inner join windows
        on
            orders.ordered_at >= windows.as_of_date
            and orders.ordered_at < windows.window_end_date
    where
        orders.is_valid_order
        and orders.ordered_at < {{ date_literal(as_of_date()) }}

),

labelled as (

    select
        customer_feature_snapshots.customer_id,
        customer_feature_snapshots.as_of_date,
        windows.label_window_days,
        windows.window_end_date <= {{ date_literal(as_of_date()) }}
            as is_label_complete,
        returning_customers.customer_id is not null as has_returned
    from customer_feature_snapshots
    inner join windows
        on customer_feature_snapshots.as_of_date = windows.as_of_date
    left join returning_customers
        on
            customer_feature_snapshots.customer_id
            = returning_customers.customer_id
            and windows.as_of_date = returning_customers.as_of_date
            and windows.label_window_days
            = returning_customers.label_window_days

),

customer_labels as (

    select
        customer_id,
        as_of_date,
        label_window_days,
        is_label_complete,
        case
            when has_returned then true
            when is_label_complete then false
        end as is_returning
    from labelled

)

select * from customer_labels

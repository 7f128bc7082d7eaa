{# One row per person, snapshot date T and label window: did they place a valid
   order in [T, T + window)? Only orders before the as-of date of the build are
   looked at; a window that is not over by the end of the data (never after the
   as-of date) is true or unknown, never false.
   Incremental as customer_feature_snapshots is; unfinished windows are always
   worked out again. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_stale_rows(
        ref('as_of_dates') ~ ' where is_snapshot_date',
        ref('customer_fact_digests'), or_where=stale_labels()
    ) }}",
    post_hook="{{ remember_facts(ref('customer_fact_digests')) }}",
) }}
with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}
    where is_snapshot_date

),

customer_fact_digests as (

    select * from {{ ref('customer_fact_digests') }}

),

data_range as (

    select * from {{ ref('data_range') }}

),

order_facts as (

    select * from {{ ref('order_facts') }}

),

label_windows as (

    {% for days in label_windows() %}
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
    from as_of_dates
    cross join label_windows

),

missing_rows as (

    select
        customer_fact_digests.customer_id,
        windows.as_of_date,
        windows.label_window_days,
        windows.window_end_date
    from customer_fact_digests
    inner join windows
        on customer_fact_digests.first_ordered_at < windows.as_of_date
    {% if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as labels
            where
                labels.customer_id = customer_fact_digests.customer_id
                and labels.as_of_date = windows.as_of_date
                and labels.label_window_days = windows.label_window_days
        )
    {% endif %}

),

next_orders as (

    select
        order_facts.customer_id,
        as_of_dates.as_of_date,
        min(order_facts.ordered_at) as next_ordered_at
    from order_facts
    inner join as_of_dates
        on order_facts.ordered_at >= as_of_dates.as_of_date
    where
        order_facts.is_valid_order
        and order_facts.ordered_at < {{ date_literal(as_of_date()) }}
    group by order_facts.customer_id, as_of_dates.as_of_date

),

labelled as (

    select
        missing_rows.customer_id,
        missing_rows.as_of_date,
        missing_rows.label_window_days,
        missing_rows.window_end_date <= data_range.end_of_data_date
            as is_label_complete,
        coalesce(
            next_orders.next_ordered_at < missing_rows.window_end_date, false
        ) as has_returned
    from missing_rows
    cross join data_range
    left join next_orders
        on
            missing_rows.customer_id = next_orders.customer_id
            and missing_rows.as_of_date = next_orders.as_of_date

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

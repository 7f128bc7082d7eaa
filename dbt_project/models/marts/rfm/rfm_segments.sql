{# One row per RFM segment that has customers: how many they are, what they
   paid, and what to do about them. There are no shares of revenue where all
   customers together paid nothing or less. -#}
with

customer_rfm as (

    select * from {{ ref('customer_rfm') }}

),

rfm_playbook as (

    select * from {{ ref('rfm_playbook') }}

),

counted as (

    select
        rfm_segment,
        count(*) as customer_count,
        sum(monetary_amount) as monetary_amount,
        sum(recency_days) as recency_days
    from customer_rfm
    group by rfm_segment

),

with_totals as (

    select
        *,
        sum(customer_count) over () as all_customer_count,
        sum(monetary_amount) over () as all_monetary_amount
    from counted

),

rfm_segments as (

    select
        with_totals.rfm_segment,
        cast(with_totals.customer_count as integer) as customer_count,
        {{ ratio(
            'with_totals.customer_count', 'with_totals.all_customer_count'
        ) }} as customer_share,
        {{ money('with_totals.monetary_amount') }} as monetary_amount,
        case
            when with_totals.all_monetary_amount > 0
                then {{ ratio(
                    'with_totals.monetary_amount',
                    'with_totals.all_monetary_amount'
                ) }}
        end as revenue_share,
        {{ ratio('with_totals.monetary_amount', 'with_totals.customer_count') }}
            as average_amount,
        {{ ratio('with_totals.recency_days', 'with_totals.customer_count') }}
            as average_recency_days,
        rfm_playbook.action as playbook_action,
        rfm_playbook.channel as playbook_channel,
        rfm_playbook.why as playbook_why
    from with_totals
    left join rfm_playbook
        on with_totals.rfm_segment = rfm_playbook.rfm_segment

)

select * from rfm_segments

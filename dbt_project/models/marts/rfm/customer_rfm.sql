{# One row per person with a valid order before the as-of date. Recency and
   money are scored by fifths of the people. Ties in money share the lower
   fifth. Ties in recency share the better one: where most people bought on the
   last day, nobody is more recent than they are. Frequency is scored by the
   seed's bands where most people bought once (fifths would part those who are
   alike), else by fifths, ties sharing the lower one.
   Hughes (1994), Strategic Database Marketing, for the three scores. -#}
with

orders as (

    select * from {{ ref('orders') }}

),

returns as (

    select * from {{ ref('returns') }}

),

frequency_bands as (

    select * from {{ ref('rfm_frequency_bands') }}

),

segment_rules as (

    select * from {{ ref('rfm_segment_rules') }}

),

totals as (

    select
        customer_id,
        {{ date_literal(as_of_date()) }} as as_of_date,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        cast(count(*) as integer) as frequency,
        cast(count(distinct cast(ordered_at as date)) as integer)
            as purchase_day_count,
        {{ money('sum(order_amount)') }} as monetary_amount
    from orders
    where
        is_valid_order
        and customer_id is not null
        and ordered_at < {{ date_literal(as_of_date()) }}
    group by customer_id

),

returns_per_customer as (

    select
        customer_id,
        sum(order_returned_amount) as returned_amount
    from returns
    where
        customer_id is not null
        and coalesce(returned_at < {{ date_literal(as_of_date()) }}, true)
    group by customer_id

),

measured as (

    select
        *,
        cast({{ days_between('last_order_at', 'as_of_date') }} as integer)
            as recency_days
    from totals

),

frequency_scores as (

    select
        measured.customer_id,
        cast(max(frequency_bands.f_score) as integer) as f_score
    from measured
    inner join frequency_bands
        on measured.frequency >= frequency_bands.min_frequency
    group by measured.customer_id

),

frequency_rule as (

    select {{ is_mostly_one('frequency') }} as is_by_bands
    from measured

),

scored as (

    select
        measured.*,
        case
            when frequency_rule.is_by_bands then frequency_scores.f_score
            else {{ quintile_score('measured.frequency asc') }}
        end as f_score,
        case
            when frequency_rule.is_by_bands then 'bands'
            else 'fifths'
        end as f_score_rule,
        {{ quintile_score_from_best('measured.recency_days asc') }} as r_score,
        {{ quintile_score('measured.monetary_amount asc') }} as m_score
    from measured
    inner join frequency_scores
        on measured.customer_id = frequency_scores.customer_id
    cross join frequency_rule

),

customer_rfm as (

    select
        scored.customer_id,
        scored.as_of_date,
        scored.first_order_at,
        scored.last_order_at,
        scored.recency_days,
        scored.frequency,
        scored.purchase_day_count,
        scored.monetary_amount,
        scored.r_score,
        scored.f_score,
        scored.m_score,
        cast(
            cast(scored.r_score as varchar)
            || cast(scored.f_score as varchar)
            || cast(scored.m_score as varchar) as varchar
        ) as rfm_score,
        segment_rules.rfm_segment,
        cast(scored.f_score_rule as varchar) as f_score_rule,
        {{ money(
            'scored.monetary_amount'
            ' - coalesce(returns_per_customer.returned_amount, 0)'
        ) }} as net_amount
    from scored
    left join returns_per_customer
        on scored.customer_id = returns_per_customer.customer_id
    left join segment_rules
        on
            scored.r_score between segment_rules.min_r_score
            and segment_rules.max_r_score
            and scored.f_score between segment_rules.min_f_score
            and segment_rules.max_f_score
            and scored.m_score between segment_rules.min_m_score
            and segment_rules.max_m_score

)

select * from customer_rfm

{# One row per person with a valid order before the as-of date. Recency and
   money are scored by fifths of the people. Ties in money share the lower
   fifth. Ties in recency share the better one: where most people bought on the
   last day, nobody is more recent than they are. Frequency is scored by bands,
   since nearly everybody bought once (pitfall 16).
   Hughes (1994), Strategic Database Marketing, for the three scores. -#}
with

orders as (

    select * from {{ ref('orders') }}

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
        {{ money('sum(paid_amount)') }} as monetary_amount
    from orders
    where
        is_valid_order
        and ordered_at < {{ date_literal(as_of_date()) }}
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

scored as (

    select
        measured.*,
        frequency_scores.f_score,
        {{ quintile_score_from_best('measured.recency_days asc') }} as r_score,
        {{ quintile_score('measured.monetary_amount asc') }} as m_score
    from measured
    inner join frequency_scores
        on measured.customer_id = frequency_scores.customer_id

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
        segment_rules.rfm_segment
    from scored
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

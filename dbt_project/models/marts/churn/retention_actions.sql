{# One row per person whom to contact: those of whom more is expected than the
   contact costs, the likeliest to come back first, as far as
   retention_budget_amount reaches. -#}
{%- set budget = money(var('retention_budget_amount')) -%}
with

customer_churn_scores as (

    select * from {{ ref('customer_churn_scores') }}

),

customer_360 as (

    select * from {{ ref('customer_360') }}

),

churn_protocol as (

    select * from {{ ref('churn_protocol') }}

),

valued as (

    select
        customer_churn_scores.customer_id,
        customer_churn_scores.as_of_date,
        customer_churn_scores.model_id,
        customer_churn_scores.beats_baseline,
        customer_churn_scores.return_probability,
        customer_churn_scores.risk_band,
        case
            {% for reason in ['reason_1', 'reason_2', 'reason_3'] %}
            when customer_churn_scores.{{ reason }} like '%(for)'
                then customer_churn_scores.{{ reason }}
            {% endfor %}
            else customer_churn_scores.reason_1
        end as why,
        churn_protocol.contact_cost_amount,
        {{ money(
            'customer_churn_scores.return_probability'
            ~ ' * churn_protocol.return_value_amount'
        ) }} as expected_return_amount,
        {{ money(
            'customer_churn_scores.return_probability'
            ~ ' * churn_protocol.return_value_amount'
        ) }} - churn_protocol.contact_cost_amount as expected_value_amount
    from customer_churn_scores
    cross join churn_protocol

),

ranked as (

    select
        *,
        row_number() over (
            order by return_probability desc, customer_id asc
        ) as action_number
    from valued
    where expected_value_amount > 0

),

retention_actions as (

    select
        cast(ranked.action_number as integer) as action_number,
        ranked.customer_id,
        ranked.as_of_date,
        ranked.model_id,
        ranked.beats_baseline,
        ranked.return_probability,
        ranked.risk_band,
        ranked.why,
        coalesce(
            customer_360.segment_action, customer_360.playbook_action
        ) as action,
        coalesce(
            customer_360.segment_channel, customer_360.playbook_channel
        ) as channel,
        {{ money('ranked.contact_cost_amount') }} as contact_cost_amount,
        {{ money('ranked.expected_return_amount') }} as expected_return_amount,
        {{ money('ranked.expected_value_amount') }} as expected_value_amount,
        {{ money('ranked.action_number * ranked.contact_cost_amount') }}
            as spent_amount
    from ranked
    inner join customer_360
        on ranked.customer_id = customer_360.customer_id
    where
        ranked.action_number * ranked.contact_cost_amount <= {{ budget }}

)

select * from retention_actions

{# One row while there is a champion: whom it would have contacted in the test,
   who of them came back, and what that would have cost. -#}
with

model_quality as (

    select * from {{ ref('model_quality') }}
    where purpose = 'churn' and is_champion and split = 'test'

),

churn_protocol as (

    select * from {{ ref('churn_protocol') }}

),

counts as (

    select
        model_id,
        {% for metric in [
            'true_positive_count', 'false_positive_count',
            'true_negative_count', 'false_negative_count', 'threshold'
        ] %}
        max(case when metric_name = '{{ metric }}' then metric_value end)
            as {{ metric }},
        {% endfor %}
        count(*) as metric_count
    from model_quality
    group by model_id

),

sums as (

    select
        *,
        true_positive_count + false_positive_count as contacted_count,
        true_positive_count + false_negative_count as returning_count,
        true_negative_count + false_positive_count as lost_count,
        true_positive_count + false_positive_count
        + true_negative_count + false_negative_count as customer_count
    from counts

),

churn_test_results as (

    select
        sums.model_id,
        cast(sums.customer_count as integer) as customer_count,
        cast(sums.returning_count as integer) as returning_count,
        cast(sums.lost_count as integer) as lost_count,
        sums.threshold,
        cast(sums.contacted_count as integer) as contacted_count,
        cast(sums.true_positive_count as integer) as true_positive_count,
        cast(sums.false_positive_count as integer) as false_positive_count,
        cast(sums.true_negative_count as integer) as true_negative_count,
        cast(sums.false_negative_count as integer) as false_negative_count,
        {{ ratio('sums.true_positive_count', 'sums.returning_count') }}
            as recall_share,
        {{ ratio('sums.true_positive_count', 'sums.contacted_count') }}
            as precision_share,
        {{ money('sums.contacted_count * churn_protocol.contact_cost_amount') }}
            as contacted_cost_amount
    from sums
    cross join churn_protocol

)

select * from churn_test_results

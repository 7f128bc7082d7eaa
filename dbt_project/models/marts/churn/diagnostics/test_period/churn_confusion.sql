{# One row per advice and outcome of the champion's test. -#}
with

churn_test_results as (

    select * from {{ ref('churn_test_results') }}

),

churn_confusion as (

    {% for advice, outcome, cell, whole in [
        ('contacted', 'came back', 'true_positive', 'returning'),
        ('contacted', 'did not', 'false_positive', 'lost'),
        ('left alone', 'came back', 'false_negative', 'returning'),
        ('left alone', 'did not', 'true_negative', 'lost'),
    ] %}
    select
        model_id,
        cast('{{ advice }}' as varchar) as advice,
        cast('{{ outcome }}' as varchar) as outcome,
        {{ cell }}_count as customer_count,
        {{ whole }}_count as outcome_customer_count
    from churn_test_results
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from churn_confusion

{# One row per choice of whom to contact in the champion's test: those whom the
   model names, as many by each baseline, and nobody. -#}
with

churn_verdict as (

    select * from {{ ref('churn_verdict') }}
    where status = 'champion'

),

model_quality as (

    select * from {{ ref('model_quality') }}
    where
        purpose = 'churn'
        and is_champion
        and split = 'test'
        and metric_name = 'expected_profit_per_customer'

),

baseline_quality as (

    select * from {{ ref('baseline_quality') }}
    where
        purpose = 'churn'
        and is_champion
        and split = 'test'
        and metric_name = 'expected_profit_per_customer'

),

choices as (

    select
        model_id,
        1 as choice_number,
        'whom the model names' as contacted,
        metric_value as expected_profit,
        lower_bound,
        upper_bound
    from model_quality
    union all
    select
        model_id,
        2 as choice_number,
        'as many by ' || baseline_name as contacted,
        metric_value as expected_profit,
        lower_bound,
        upper_bound
    from baseline_quality
    union all
    select
        model_id,
        3 as choice_number,
        'nobody' as contacted,
        0e0 as expected_profit,
        null as lower_bound,
        null as upper_bound
    from churn_verdict

),

churn_contact_profits as (

    select
        model_id,
        cast(choice_number as integer) as choice_number,
        cast(contacted as varchar) as contacted,
        cast(expected_profit as {{ type_double() }}) as expected_profit,
        cast(lower_bound as {{ type_double() }}) as lower_bound,
        cast(upper_bound as {{ type_double() }}) as upper_bound,
        cast(0e0 as {{ type_double() }}) as profit_of_nobody
    from choices

)

select * from churn_contact_profits

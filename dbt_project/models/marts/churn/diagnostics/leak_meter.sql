{# One row per common mistake: what it would have claimed on this shop's data,
   beside the honest figure. Worked out with the latest churn fit.
   Waits for the choice of champions: all marts are built by one run of dbt. -#}
{%- do source('ml', 'model_registry') -%}
with

measured as (

    select * from {{ source('ml', 'leak_meter') }}

),

leak_meter as (

    select
        as_of_date,
        practice,
        description,
        roc_auc,
        accuracy,
        honest_roc_auc
    from measured
    where as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from leak_meter

{# One row per recipe, that is, dates that churn models learned from and were
   judged on: which families have it. -#}
with

churn_models as (

    select * from {{ ref('churn_models') }}

),

family_recipes as (

    select distinct
        family_name,
        training_dates,
        test_date,
        fitted_dates
    from churn_models

),

recipes as (

    select
        {{ dbt.listagg('family_name', "', '", 'order by family_name') }}
            as family_names,
        training_dates,
        test_date,
        fitted_dates
    from family_recipes
    group by training_dates, test_date, fitted_dates

),

{# A list of dates such as 2018-01-01, 2018-02-01. #}
churn_recipes as (

    select
        cast(family_names as varchar) as family_names,
        training_dates,
        test_date,
        fitted_dates,
        cast(
            1 + length(fitted_dates) - length(replace(fitted_dates, ',', ''))
            as integer
        ) as fitted_date_count,
        cast(substr(fitted_dates, 1, 10) as date) as first_fitted_date,
        cast(substr(fitted_dates, length(fitted_dates) - 9, 10) as date)
            as last_fitted_date
    from recipes

)

select * from churn_recipes

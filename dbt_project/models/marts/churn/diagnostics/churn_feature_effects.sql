{# One row per feature of the live additive model: how far it sets people apart,
   and what it adds where it is not known. -#}
with

churn_step_functions as (

    select * from {{ ref('churn_step_functions') }}

),

sums as (

    select
        model_id,
        feature_name,
        meaning,
        unit,
        min(odds_ratio) as min_odds_ratio,
        max(odds_ratio) as max_odds_ratio,
        max(case when interval_number = -1 then customer_count end)
            as missing_count,
        max(case when interval_number = -1 then customer_share end)
            as missing_share,
        max(case when interval_number = -1 then odds_ratio end)
            as missing_odds_ratio,
        sum(customer_share * term) as mean_term,
        sum(customer_share * term * term) as mean_square_term
    from churn_step_functions
    group by model_id, feature_name, meaning, unit

),

churn_feature_effects as (

    select
        model_id,
        feature_name,
        meaning,
        unit,
        cast(
            row_number() over (
                order by
                    mean_square_term - mean_term * mean_term desc,
                    feature_name asc
            ) as integer
        ) as effect_rank,
        max_odds_ratio > min_odds_ratio as is_used,
        min_odds_ratio,
        max_odds_ratio,
        min(min_odds_ratio) over () as min_odds_ratio_of_all,
        max(max_odds_ratio) over () as max_odds_ratio_of_all,
        missing_count,
        missing_share,
        missing_odds_ratio
    from sums

)

select * from churn_feature_effects

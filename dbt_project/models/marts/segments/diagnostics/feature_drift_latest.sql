{# One row per feature: how far it has moved at the last date that is compared,
   for everybody and for the same people. -#}
with

feature_drift as (

    select * from {{ ref('feature_drift') }}

),

latest_drift as (

    select
        *,
        max(as_of_date) over () as latest_date
    from feature_drift

),

feature_drift_latest as (

    select
        feature_name,
        replace(feature_name, '_', ' ') as feature_label,
        max(frozen_date) as frozen_date,
        max(as_of_date) as as_of_date,
        max(
            case
                when population = 'everybody' then population_stability_index
            end
        ) as everybody_index,
        max(case when population = 'everybody' then drift_level end)
            as everybody_level,
        max(
            case
                when population = 'everybody' then kolmogorov_smirnov_statistic
            end
        ) as everybody_kolmogorov_smirnov,
        max(
            case
                when population = 'same people' then population_stability_index
            end
        ) as same_people_index,
        max(
            case
                when population = 'same people' and is_left_out
                    then 'by construction'
                when population = 'same people' then drift_level
            end
        ) as same_people_level
    from latest_drift
    where as_of_date = latest_date
    group by feature_name

)

select * from feature_drift_latest

{# One row per churn model that is live or not eligible: what it learned from,
   and its main figures side by side. -#}
with

model_quality as (

    select * from {{ ref('model_quality') }}
    where purpose = 'churn'

),

figures as (

    select
        model_id,
        family,
        family_name,
        is_baseline,
        is_champion,
        status,
        status_reason,
        training_dates,
        test_date,
        fitted_dates,
        max(
            case
                when split = 'cross_validation' and metric_name = 'roc_auc'
                    then metric_value
            end
        ) as validated_roc_auc,
        {% for metric in [
            'roc_auc', 'roc_auc_gain', 'lift_at_10_percent', 'brier_skill',
            'calibration_slope'
        ] %}
        max(
            case
                when split = 'test' and metric_name = '{{ metric }}'
                    then metric_value
            end
        ) as {{ metric }},
        max(
            case
                when split = 'test' and metric_name = '{{ metric }}'
                    then lower_bound
            end
        ) as {{ metric }}_lower_bound,
        max(
            case
                when split = 'test' and metric_name = '{{ metric }}'
                    then upper_bound
            end
        ) as {{ metric }}_upper_bound,
        {% endfor %}
        max(
            case
                when split = 'test' and metric_name = 'roc_auc_gain'
                    then baseline_name
            end
        ) as baseline_name
    from model_quality
    group by
        model_id,
        family,
        family_name,
        is_baseline,
        is_champion,
        status,
        status_reason,
        training_dates,
        test_date,
        fitted_dates

),

churn_models as (

    select
        model_id,
        family,
        family_name,
        cast(
            family_name || case when is_champion then ', champion' else '' end
            as varchar
        ) as model_label,
        is_baseline,
        is_champion,
        cast(
            case
                when is_champion then 'champion'
                when status = 'not_eligible' then 'not eligible'
                else 'challenger'
            end as varchar
        ) as status_label,
        status_reason,
        training_dates,
        test_date,
        fitted_dates,
        validated_roc_auc,
        roc_auc,
        coalesce(roc_auc_upper_bound = roc_auc_lower_bound, false)
            as is_same_for_everybody,
        roc_auc_gain,
        roc_auc_gain_lower_bound,
        roc_auc_gain_upper_bound,
        baseline_name,
        coalesce(roc_auc_gain_lower_bound > 0, false) as beats_baseline,
        lift_at_10_percent,
        brier_skill,
        calibration_slope
    from figures

)

select * from churn_models

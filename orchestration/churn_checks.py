"""Checks of churn scores that guard publication."""

import dagster as dg

from ml.purposes import CHURN
from orchestration.check_results import at_least, at_most, count_unmatched, number
from orchestration.staging import WritingRun


@dg.asset_check(
    asset=["marts", "customer_churn_scores"],
    additional_deps=[["marts", "churn_verdict"], ["marts", "customer_rfm"]],
    blocking=True,
)
def every_rfm_customer_has_exactly_one_score(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """No customer is lost between RFM and scores, none is there twice."""
    return at_most(
        count_unmatched(
            warehouse,
            "customer_churn_scores",
            "select 1 from marts.churn_verdict where status = 'champion'",
        ),
        0.0,
        "customers without one score",
    )


@dg.asset_check(
    asset=["marts", "model_quality"],
    additional_deps=[["marts", "build_info"]],
    blocking=True,
)
def no_score_is_too_good_to_be_true(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """A figure that this data cannot give is a leak, and such a model's scores are not published.

    However it became champion: by a fit, by hand, or by an earlier version. A champion of which no
    figure is known proves nothing, so it does not pass either.
    """
    value = number(
        warehouse,
        f"""
        with scoring as (
            select model_id from scoring.live_models
            where purpose = '{CHURN.name}' and is_champion
            union
            select model_id from marts.model_quality where purpose = '{CHURN.name}' and is_champion
            union
            select model_id from marts.customer_churn_scores
        ),
        figures as (
            select model_id, metric_value from ml.model_metrics where metric_name = 'roc_auc'
            union all
            select model_id, metric_value from marts.model_quality where metric_name = 'roc_auc'
        )
        select
            case when count(*) = count(figures.metric_value)
                then coalesce(max(figures.metric_value), 0) end
        from scoring
        left join figures on scoring.model_id = figures.model_id
        """,
    )
    bar = number(warehouse, "select most_plausible_roc_auc from marts.build_info")
    return at_most(value, bar, "highest ROC AUC of the churn model that scores")


@dg.asset_check(
    asset=["marts", "model_quality"],
    additional_deps=[["features", "churn_protocol"]],
    blocking=True,
)
def no_score_is_too_far_above_the_best_baseline(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """Where nobody stated what is plausible for the shop, the best baseline says it."""
    value = number(
        warehouse,
        f"""
        select coalesce(max(metric_value - baseline_value), 0)
        from marts.model_quality
        where purpose = '{CHURN.name}' and is_champion
            and split = 'test' and metric_name = 'roc_auc'
        """,
    )
    bar = number(
        warehouse,
        "select coalesce(most_plausible_roc_auc_gain, 1) from features.churn_protocol",
    )
    return at_most(value, bar, "ROC AUC of the churn model that scores above the best baseline's")


# How far the band of the champion's calibration slope is from where it should be; 0 without one.
_SLOPE_DISTANCE = f"""
    select coalesce(max(greatest(
        protocol.least_calibration_slope - quality.upper_bound,
        quality.lower_bound - protocol.most_calibration_slope,
        0
    )), 0)
    from marts.model_quality as quality cross join features.churn_protocol as protocol
    where quality.purpose = '{CHURN.name}' and quality.is_champion
        and quality.split = 'fit' and quality.metric_name = 'calibration_slope'
"""


@dg.asset_check(
    asset=["marts", "model_quality"],
    additional_deps=[["features", "churn_protocol"]],
    blocking=True,
)
def the_churn_champion_is_calibrated(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """Probabilities that are significantly too far apart or too close are not published."""
    return at_most(
        number(warehouse, _SLOPE_DISTANCE),
        0.0,
        "distance of the champion's calibration slope from the slopes allowed",
    )


@dg.asset_check(
    asset=["marts", "churn_verdict"],
    additional_deps=[["features", "churn_protocol"], ["marts", "model_quality"]],
    blocking=True,
)
def the_churn_champion_was_judged_on_enough_people_who_returned(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """A score of which too few returning people are the proof is not published."""
    bar = number(warehouse, "select least_returning_count from features.churn_protocol")
    value = number(
        warehouse,
        f"""
        select case
            when not exists (select 1 from marts.churn_verdict where status = 'champion')
                then (select least_returning_count from features.churn_protocol)
            else (
                select sum(metric_value) from marts.model_quality
                where purpose = '{CHURN.name}' and is_champion and split = 'test'
                    and metric_name in ('true_positive_count', 'false_negative_count')
            )
        end
        """,
    )
    return at_least(
        value,
        bar,
        "people who returned in the champion's test period (a model of an earlier version does not "
        "say; then `regulars fit`)",
    )


@dg.asset_check(
    asset=["marts", "churn_verdict"],
    additional_deps=[["marts", "build_info"]],
    blocking=True,
)
def the_churn_champion_was_judged_on_a_complete_window(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """A label window that is cut off makes people lost who may still come back.

    It is cut off by the end of the data, which may be long before the as-of date.
    """
    value = number(
        warehouse,
        """
        select coalesce(max(greatest(
            verdict.test_date + verdict.label_window_days - build_info.end_of_data_date, 0
        )), 0)
        from marts.churn_verdict as verdict cross join marts.build_info
        where verdict.status = 'champion'
        """,
    )
    return at_most(value, 0.0, "days of the champion's test window after the end of the data")


CHECKS = [
    every_rfm_customer_has_exactly_one_score,
    no_score_is_too_good_to_be_true,
    no_score_is_too_far_above_the_best_baseline,
    the_churn_champion_is_calibrated,
    the_churn_champion_was_judged_on_enough_people_who_returned,
    the_churn_champion_was_judged_on_a_complete_window,
]

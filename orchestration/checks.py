"""Checks that guard publication: each returns a number and the bar it was held to."""

import dagster as dg
import duckdb

from orchestration.assets.warehouse import MARTS, SOURCE, pass_gate
from orchestration.dbt_runs import Dbt
from orchestration.errors import PublishError, WarehouseError
from orchestration.resources import open_warehouse
from orchestration.staging import WritingRun

# The check that waits for all marts stands on one of which no other is made.
LAST_MART = dg.AssetKey(["marts", "retention_actions"])


def _number(warehouse: WritingRun, query: str) -> float | None:
    with open_warehouse(warehouse.path, read_only=True) as connection:
        try:
            ((value,),) = connection.execute(query).fetchall()
        except duckdb.CatalogException as error:
            first = str(error).splitlines()[0]
            raise WarehouseError(
                f"the marts that are to be checked are not there ({first}); run `regulars build`"
            ) from error
    return None if value is None else float(value)


def _at_least(value: float | None, bar: float | None, meaning: str) -> dg.AssetCheckResult:
    """Passed if there is a figure and it reaches the bar; no figure is no proof."""
    if value is None or bar is None:
        return dg.AssetCheckResult(passed=False, description=f"{meaning}: no figure, or no bar")
    return dg.AssetCheckResult(
        passed=value >= bar,
        metadata={"value": value, "bar": bar},
        description=f"{meaning}: {value:g}, at least {bar:g}",
    )


def _at_most(value: float | None, bar: float | None, meaning: str) -> dg.AssetCheckResult:
    """Passed if there is a figure and it is within the bar; no figure is no proof."""
    if value is None or bar is None:
        return dg.AssetCheckResult(passed=False, description=f"{meaning}: no figure, or no bar")
    return dg.AssetCheckResult(
        passed=value <= bar,
        metadata={"value": value, "bar": bar},
        description=f"{meaning}: {value:g}, at most {bar:g}",
    )


@dg.asset_check(asset=["marts", "money_reconciliation"], blocking=True)
def marts_and_what_they_leave_out_come_to_what_was_paid(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """Money is conserved from the raw files to the marts."""
    difference = _number(
        warehouse,
        f"""
        with marts as (
            select
                reading_name,
                paid_amount,
                order_amount,
                reading_name = 'marts.customer_rfm' as is_of_customers
            from marts.money_reconciliation
            where reading_kind = 'mart'
        ),

        readings as (
            select
                any_value(marts.paid_amount) + sum(left_out.paid_amount) as paid_amount,
                any_value(marts.order_amount) + coalesce(sum(left_out.order_amount), 0)
                    as order_amount
            from marts
            inner join marts.money_reconciliation as left_out
                on left_out.reading_kind = 'left out'
                or marts.is_of_customers
                and left_out.reading_kind = 'left out of marts of customers'
            group by marts.reading_name
        )

        select greatest(
            max(abs(readings.paid_amount - payments.paid_amount)),
            max(abs(readings.order_amount - orders.order_amount)),
            max(abs(raw_money.paid_amount - payments.paid_amount))
        )
        from readings
        cross join (
            select coalesce(sum(paid_amount), 0) as paid_amount from canonical.payments
        ) as payments
        cross join (select sum(order_amount) as order_amount from canonical.orders) as orders
        cross join conformed.int_{SOURCE}__measure_raw_money as raw_money
        """,
    )
    return _at_most(
        difference, 0.0, "largest difference between two readings of what was paid or ordered"
    )


@dg.asset_check(
    asset=["marts", "customer_segments"],
    additional_deps=[["marts", "model_quality"], ["marts", "customer_rfm"]],
    blocking=True,
)
def every_rfm_customer_has_exactly_one_segment(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """No customer is lost between RFM and segments, none is there twice."""
    return _at_most(
        _unmatched(
            warehouse,
            "customer_segments",
            "select 1 from marts.model_quality where purpose = 'segmentation'",
        ),
        0.0,
        "customers without one segment",
    )


@dg.asset_check(
    asset=["marts", "customer_churn_scores"],
    additional_deps=[["marts", "churn_verdict"], ["marts", "customer_rfm"]],
    blocking=True,
)
def every_rfm_customer_has_exactly_one_score(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """No customer is lost between RFM and scores, none is there twice."""
    return _at_most(
        _unmatched(
            warehouse,
            "customer_churn_scores",
            "select 1 from marts.churn_verdict where status = 'champion'",
        ),
        0.0,
        "customers without one score",
    )


def _unmatched(warehouse: WritingRun, mart: str, model: str) -> float | None:
    """RFM customers without exactly one row; none where a query finds no model that scores."""
    return _number(
        warehouse,
        f"""
        select count(*) from marts.customer_rfm as rfm
        left join (
            select customer_id, count(*) as row_count from marts.{mart} group by customer_id
        ) as scored on rfm.customer_id = scored.customer_id
        where scored.row_count is distinct from 1
            and exists ({model})
        """,
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
    value = _number(
        warehouse,
        """
        with scoring as (
            select model_id from ml.model_registry where purpose = 'churn' and status = 'champion'
            union
            select model_id from marts.model_quality where purpose = 'churn' and is_champion
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
    bar = _number(warehouse, "select most_plausible_roc_auc from marts.build_info")
    return _at_most(value, bar, "highest ROC AUC of the churn model that scores")


@dg.asset_check(
    asset=["marts", "model_quality"],
    additional_deps=[["features", "churn_protocol"]],
    blocking=True,
)
def no_score_is_too_far_above_the_best_baseline(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """Where nobody stated what is plausible for the shop, the best baseline says it."""
    value = _number(
        warehouse,
        """
        select coalesce(max(metric_value - baseline_value), 0)
        from marts.model_quality
        where purpose = 'churn' and is_champion and split = 'test' and metric_name = 'roc_auc'
        """,
    )
    bar = _number(
        warehouse,
        "select coalesce(most_plausible_roc_auc_gain, 1) from features.churn_protocol",
    )
    return _at_most(value, bar, "ROC AUC of the churn model that scores above the best baseline's")


# How far the band of the champion's calibration slope is from where it should be; 0 without one.
_SLOPE_DISTANCE = """
    select coalesce(max(greatest(
        protocol.least_calibration_slope - quality.upper_bound,
        quality.lower_bound - protocol.most_calibration_slope,
        0
    )), 0)
    from marts.model_quality as quality cross join features.churn_protocol as protocol
    where quality.purpose = 'churn' and quality.is_champion
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
    """Probabilities that are surely too far apart or too close are not published."""
    return _at_most(
        _number(warehouse, _SLOPE_DISTANCE),
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
    bar = _number(warehouse, "select least_returning_count from features.churn_protocol")
    value = _number(
        warehouse,
        """
        select case
            when not exists (select 1 from marts.churn_verdict where status = 'champion')
                then (select least_returning_count from features.churn_protocol)
            else (
                select sum(metric_value) from marts.model_quality
                where purpose = 'churn' and is_champion and split = 'test'
                    and metric_name in ('true_positive_count', 'false_negative_count')
            )
        end
        """,
    )
    return _at_least(
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
    value = _number(
        warehouse,
        """
        select coalesce(max(greatest(
            verdict.test_date + verdict.label_window_days - build_info.end_of_data_date, 0
        )), 0)
        from marts.churn_verdict as verdict cross join marts.build_info
        where verdict.status = 'champion'
        """,
    )
    return _at_most(value, 0.0, "days of the champion's test window after the end of the data")


@dg.asset_check(
    asset=LAST_MART,
    additional_deps=[key for key in MARTS if key != LAST_MART],
    blocking=True,
)
def every_test_that_guards_the_marts_passed_on_what_is_there(
    dbt: dg.ResourceParam[Dbt], warehouse: dg.ResourceParam[WritingRun]
) -> dg.AssetCheckResult:
    """What dbt's tests say of the tables as they are now; those that have not said are run."""
    try:
        gate = pass_gate(dbt, warehouse)
    except PublishError as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    return dg.AssetCheckResult(
        passed=True,
        metadata={"tests": gate.test_count, "run_again": gate.rerun_count},
        description=f"{gate.test_count} tests passed on what is there",
    )


CHECKS = [
    every_test_that_guards_the_marts_passed_on_what_is_there,
    marts_and_what_they_leave_out_come_to_what_was_paid,
    every_rfm_customer_has_exactly_one_segment,
    every_rfm_customer_has_exactly_one_score,
    no_score_is_too_good_to_be_true,
    no_score_is_too_far_above_the_best_baseline,
    the_churn_champion_is_calibrated,
    the_churn_champion_was_judged_on_enough_people_who_returned,
    the_churn_champion_was_judged_on_a_complete_window,
]


def require_checks(dbt: Dbt, warehouse: WritingRun) -> None:
    """Refuse what the guarding checks refuse, for a step that a run executes without them.

    Raises:
        PublishError: which check refuses, and why.
        WarehouseError: the warehouse is not there, not DuckDB, or stays locked.
    """
    pass_gate(dbt, warehouse)
    refusals = []
    for check in CHECKS:
        if check is not every_test_that_guards_the_marts_passed_on_what_is_there:
            result = check(warehouse=warehouse)
            assert isinstance(result, dg.AssetCheckResult)
            if not result.passed:
                refusals.append(f"{check.check_key.name} ({result.description})")
    if refusals:
        raise PublishError(f"the marts are not fit for readers: {'; '.join(refusals)}")

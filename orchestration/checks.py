"""Checks that guard publication: each returns a number and the bar it was held to."""

import dagster as dg

from orchestration.assets import purposes
from orchestration.assets.warehouse import MARTS, SOURCE, pass_gate
from orchestration.check_results import at_most, number
from orchestration.dbt_runs import Dbt
from orchestration.errors import PublishError
from orchestration.staging import WritingRun

# The check that waits for all marts stands on one of which no other is made.
LAST_MART = dg.AssetKey(["marts", "retention_actions"])


@dg.asset_check(asset=["marts", "money_reconciliation"], blocking=True)
def marts_and_what_they_leave_out_come_to_what_was_paid(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """Money is conserved from the raw files to the marts."""
    difference = number(
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
    return at_most(
        difference, 0.0, "largest difference between two readings of what was paid or ordered"
    )


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
    *purposes.CHECKS,
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

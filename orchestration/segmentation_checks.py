"""Checks of segments that guard publication."""

import dagster as dg

from ml.purposes import SEGMENTATION
from orchestration.check_results import at_most, count_unmatched
from orchestration.staging import WritingRun


@dg.asset_check(
    asset=["marts", "customer_segments"],
    additional_deps=[["marts", "model_quality"], ["marts", "customer_rfm"]],
    blocking=True,
)
def every_rfm_customer_has_exactly_one_segment(
    warehouse: dg.ResourceParam[WritingRun],
) -> dg.AssetCheckResult:
    """No customer is lost between RFM and segments, none is there twice."""
    return at_most(
        count_unmatched(
            warehouse,
            "customer_segments",
            f"select 1 from marts.model_quality where purpose = '{SEGMENTATION.name}'",
        ),
        0.0,
        "customers without one segment",
    )


CHECKS = [every_rfm_customer_has_exactly_one_segment]

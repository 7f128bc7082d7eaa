"""How churn models are fitted and judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ChurnProtocol:
    """How churn models are fitted and judged; the row of ``features.churn_protocol``.

    Attributes:
        label_window_days: days within which a customer must come back.
        training_date_count: as-of dates to learn from, at most.
        training_gap_days: least days between two of them.
        least_returning_count: fewer returning customers are too few, in training and in the test.
        most_plausible_roc_auc: above it a figure is a suspected leak.
        most_plausible_roc_auc_gain: so far above the best baseline of the test date, too; ``None``
            where a bound is stated for the shop, which knows better.
        least_calibration_slope: a model significantly below is not calibrated.
        most_calibration_slope: a model significantly above is not calibrated.
        contact_cost_amount: what a contact costs.
        return_value_amount: what a returning customer is worth.
        training_dates: as-of dates to learn from, where the shop states them; else the history
            decides.
        test_date: as-of date to be judged on, where the shop states it; else the history decides.
    """

    label_window_days: int
    training_date_count: int
    training_gap_days: int
    least_returning_count: int
    most_plausible_roc_auc: float
    least_calibration_slope: float
    most_calibration_slope: float
    contact_cost_amount: float
    return_value_amount: float
    most_plausible_roc_auc_gain: float | None = None
    training_dates: tuple[date, ...] = ()
    test_date: date | None = None

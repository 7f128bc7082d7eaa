"""Rows that say how good a model is: plain values, so that reading them imports no library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A row of ``ml.model_metrics`` without its model.

    Attributes:
        split: ``train``, ``test``, ``study`` (of segmentations), ``cross_validation`` (on the
            training dates), ``fit`` (of the fit that scores, by folds) or ``retest <date>``.
        metric_name: such as ``roc_auc``.
        metric_value: the point value.
        lower_bound: of the confidence band, if there is one.
        upper_bound: of the confidence band, if there is one.
        baseline_name: the baseline that does best on this metric, if one was tried.
        baseline_value: what that baseline reaches.
    """

    split: str
    metric_name: str
    metric_value: float
    lower_bound: float | None = None
    upper_bound: float | None = None
    baseline_name: str | None = None
    baseline_value: float | None = None


@dataclass(frozen=True)
class BaselineMetric:
    """A row of ``ml.baseline_metrics`` without its model and split: one baseline, one metric.

    Attributes:
        baseline_name: the baseline.
        metric_name: such as ``roc_auc``.
        metric_value: what the baseline reaches.
        lower_bound: of its 95 % bootstrap interval; None where no sample determines it.
        upper_bound: likewise.
        gain: by how much the model is better, above 0 where it is.
        gain_lower_bound: of the 95 % interval of the gain, model and baseline in the same samples.
        gain_upper_bound: likewise.
    """

    baseline_name: str
    metric_name: str
    metric_value: float
    lower_bound: float | None
    upper_bound: float | None
    gain: float
    gain_lower_bound: float | None
    gain_upper_bound: float | None


@dataclass(frozen=True)
class CurvePoint:
    """A row of ``ml.model_curves`` without its model and split.

    Attributes:
        scorer: ``model``, or the name of a baseline.
        curve_name: ``calibration``, ``lift``, ``precision_recall``, ``roc`` or
            ``score_distribution``.
        point_number: from 1, in the order of the curve.
        x_value: mean predicted probability; share contacted; recall; false positive rate; or the
            middle of the bin (a probability, or a baseline's own score).
        y_value: share that returned; lift; precision; true positive rate; or share of customers.
        lower_bound: of a 95 % interval: Wilson's of the share, or the bootstrap's of the lift.
        upper_bound: likewise; the other curves have neither.
        customer_count: customers in the bin, or up to the point. In the lift curve a share may
            cut a customer in two, so it is not always whole.
        returning_count: of these, those who returned; averaged over ties.
    """

    scorer: str
    curve_name: str
    point_number: int
    x_value: float
    y_value: float
    lower_bound: float | None
    upper_bound: float | None
    customer_count: float
    returning_count: float

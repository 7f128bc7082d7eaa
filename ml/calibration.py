"""Recalibration of probabilities, kept among the parameters of the model that it mends.

A probability is calibrated if, of the customers who got 2 %, two in a hundred return. Where that
does not hold, the raw probability is recalibrated: along a sigmoid of its log-odds (Platt 1999), or
along a rising line through the return rates of neighbours (isotonic regression: Zadrozny and Elkan
2002). Fits by scikit-learn; in the warehouse the macro ``ml_calibrated_probability`` spells the
same formula out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ml.features import FloatArray
from ml.parameters import ParameterRow, group_rows, look_up

KINDS = ("none", "sigmoid", "isotonic")

# Log-odds need probabilities off 0 and 1; the macro clips at the same number.
CLIPPED_AT = 1e-6


def log_odds(probability: FloatArray) -> FloatArray:
    """ln(p / (1 - p)) of probabilities clipped at 1e-6 and 1 - 1e-6, shape as given.

    Example:
        >>> log_odds(np.array([0.5, 0.0])).round(4)
        array([  0.    , -13.8155])
    """
    clipped = np.clip(probability, CLIPPED_AT, 1 - CLIPPED_AT)
    return np.asarray(np.log(clipped / (1 - clipped)))


def fit_calibration_line(
    odds: FloatArray, returning: FloatArray, total: FloatArray
) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of returning on log-odds.

    A calibrated score has slope 1 and intercept 0; a slope below 1 means that the score is too
    sure of itself. Newton's method on weighted rows, without a penalty.

    Args:
        odds: log-odds, shape (rows,).
        returning: weight of those who returned, shape (rows,), 0 or more.
        total: weight of all, shape (rows,), at least as much.

    Returns:
        Slope and intercept; NaN twice where they are not determined: one class only, the same
        log-odds for all, or the two classes parted by the log-odds without an error.

    Source: Cox (1958), Two further applications of a model for binary regression.

    Example:
        >>> odds = np.log(np.array([1 / 4, 4.0]))
        >>> slope, intercept = fit_calibration_line(odds, np.array([1.0, 2.0]), np.array([3.0, 3]))
        >>> round(slope, 6), round(intercept, 6)
        (0.5, 0.0)
    """
    nowhere = (float("nan"), float("nan"))
    present, lost = odds[returning > 0], odds[total > returning]
    if not len(present) or not len(lost):
        return nowhere
    if present.min() >= lost.max() or present.max() <= lost.min():
        return nowhere
    rate = returning.sum() / total.sum()
    center = float((odds * total).sum() / total.sum())
    centered = odds - center
    reach = float(np.abs(centered).max())
    slope, level = 0.0, float(np.log(rate / (1 - rate)))
    for _ in range(1000):
        expected = expit(slope * centered + level)
        residual = returning - total * expected
        weight = total * expected * (1 - expected)
        weighted = weight * centered
        level_level, slope_level = weight.sum(), weighted.sum()
        slope_slope = (weighted * centered).sum()
        determinant = slope_slope * level_level - slope_level**2
        if determinant <= 0:
            return nowhere
        to_level, to_slope = residual.sum(), (residual * centered).sum()
        slope_step = (level_level * to_slope - slope_level * to_level) / determinant
        level_step = (slope_slope * to_level - slope_level * to_slope) / determinant
        # A step that moves some log-odds by more than 2 may overshoot to where all weights vanish.
        kept = min(1.0, 2 / max(abs(slope_step) * reach + abs(level_step), 1e-300))
        slope, level = slope + kept * slope_step, level + kept * level_step
        if abs(slope_step) + abs(level_step) < 1e-10:
            return float(slope), float(level - slope * center)
    return nowhere


@dataclass(frozen=True)
class Calibration:
    """How the raw probabilities of a model are recalibrated.

    Attributes:
        kind: ``none``, ``sigmoid`` or ``isotonic``.
        slope: of the sigmoid, on the log-odds, 0 or more.
        intercept: of the sigmoid.
        thresholds: of the isotonic line, raw probabilities, ascending, shape (points,).
        probabilities: what the line gives at them, never falling, shape (points,).
    """

    kind: str = "none"
    slope: float = 1.0
    intercept: float = 0.0
    thresholds: FloatArray = field(default_factory=lambda: np.empty(0))
    probabilities: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Refuse a kind that the macro does not know."""
        _require_kind(self.kind)

    def apply(self, probability: FloatArray) -> FloatArray:
        """Recalibrated probabilities, shape as given.

        Example:
            >>> Calibration("sigmoid", slope=0.0, intercept=0.0).apply(np.array([0.1, 0.9]))
            array([0.5, 0.5])
        """
        if self.kind == "none":
            return probability
        if self.kind == "sigmoid":
            return np.asarray(expit(self.slope * log_odds(probability) + self.intercept))
        return np.interp(probability, self.thresholds, self.probabilities)

    def to_rows(self) -> list[ParameterRow]:
        """The calibration as parameter rows; none where nothing is recalibrated."""
        if self.kind == "sigmoid":
            return [
                ParameterRow("calibration_slope", self.slope),
                ParameterRow("calibration_intercept", self.intercept),
            ]
        return [
            ParameterRow(name, float(value), component_id=point)
            for name, values in (
                ("calibration_threshold", self.thresholds),
                ("calibration_probability", self.probabilities),
            )
            for point, value in enumerate(values)
        ]

    @classmethod
    def from_rows(cls, rows: Sequence[ParameterRow]) -> Calibration:
        """Rebuild from the rows of a model, of which others are left alone.

        Raises:
            ValueError: a row is missing, or two rows say the same.
        """
        grouped = group_rows(rows)
        if "calibration_slope" in grouped or "calibration_intercept" in grouped:
            return cls(
                "sigmoid",
                slope=look_up(grouped, "calibration_slope"),
                intercept=look_up(grouped, "calibration_intercept"),
            )
        points = sorted(
            {
                point
                for name in ("calibration_threshold", "calibration_probability")
                for point, _, _ in grouped.get(name, {})
                if point is not None
            }
        )
        if not points:
            return cls()
        return cls(
            "isotonic",
            thresholds=np.array([look_up(grouped, "calibration_threshold", p) for p in points]),
            probabilities=np.array(
                [look_up(grouped, "calibration_probability", p) for p in points]
            ),
        )


def fit_calibration(
    is_returning: NDArray[np.bool_], probability: FloatArray, kind: str
) -> Calibration:
    """Learn how to recalibrate probabilities, from customers that the model was not fitted on.

    Neither kind ever turns the order round: where the sigmoid that fits best falls, all get the
    base rate. Where all probabilities are equal, the sigmoid moves them to it.

    Args:
        is_returning: shape (customers,), both classes present unless the kind is ``none``.
        probability: cross-validated raw probabilities, shape (customers,), between 0 and 1.
        kind: ``none``, ``sigmoid`` or ``isotonic``.

    Raises:
        ValueError: an unknown kind, one class only, or a shape or a probability that cannot be.

    Source: Platt (1999), Probabilistic outputs for support vector machines; Zadrozny and Elkan
        (2002), Transforming classifier scores into accurate multiclass probability estimates.

    Example:
        >>> labels = np.array([True, False, False, True, True, False])
        >>> raw = np.array([0.2, 0.2, 0.2, 0.8, 0.8, 0.8])
        >>> fit_calibration(labels, raw, "sigmoid").apply(np.array([0.2, 0.8])).round(4)
        array([0.3333, 0.6667])
    """
    _require_kind(kind)
    if kind == "none":
        return Calibration()
    _require_both_classes(is_returning, probability)
    if kind == "isotonic":
        line = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        line.fit(probability, is_returning)
        return Calibration(
            kind,
            thresholds=np.asarray(line.X_thresholds_),
            probabilities=np.asarray(line.y_thresholds_),
        )
    odds, rate = log_odds(probability), float(is_returning.mean())
    base_odds = float(np.log(rate / (1 - rate)))
    if np.ptp(odds) == 0:
        return Calibration(kind, slope=1.0, intercept=base_odds - float(odds[0]))
    if odds[is_returning].min() >= odds[~is_returning].max():
        return Calibration()  # no finite sigmoid is best, and a figure so good may not score
    if odds[is_returning].max() <= odds[~is_returning].min():
        return Calibration(kind, slope=0.0, intercept=base_odds)
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(
        odds[:, None], is_returning
    )
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope <= 0:
        slope, intercept = 0.0, base_odds
    return Calibration(kind, slope=slope, intercept=intercept)


def cross_fit_calibration(
    is_returning: NDArray[np.bool_],
    probability: FloatArray,
    kind: str,
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> FloatArray:
    """Recalibrate the probabilities of each fold on the other folds.

    What was recalibrated on its own outcomes is calibrated by construction; out of fold it is seen
    how well recalibration works.

    Args:
        is_returning: shape (rows,), both classes in the rows that each fold leaves.
        probability: of returning, by models that were not fitted on the row, shape (rows,).
        kind: ``none``, ``sigmoid`` or ``isotonic``.
        folds: rows to learn from and rows to recalibrate, each row once.

    Raises:
        ValueError: as :func:`fit_calibration`.

    Example:
        >>> labels = np.arange(8) % 4 == 0
        >>> halves = np.arange(4), np.arange(4, 8)
        >>> folds = [halves, halves[::-1]]
        >>> cross_fit_calibration(labels, np.full(8, 0.5), "sigmoid", folds).round(6)
        array([0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25])
    """
    recalibrated = np.empty(len(probability))
    for training, held_out in folds:
        learned = fit_calibration(is_returning[training], probability[training], kind)
        recalibrated[held_out] = learned.apply(probability[held_out])
    return recalibrated


@dataclass(frozen=True)
class CalibrationCheck:
    """Whether probabilities may stand as they are, with 95 % intervals.

    Attributes:
        slope: of the calibration line; 1 is right. NaN, as its bounds, where not determined.
        slope_lower: lower bound.
        slope_upper: upper bound.
        level: intercept where the slope is held at 1 ("calibration in the large"); 0 is right,
            below 0 the probabilities are too high on the whole.
        level_lower: lower bound.
        level_upper: upper bound.
    """

    slope: float
    slope_lower: float
    slope_upper: float
    level: float
    level_lower: float
    level_upper: float

    @property
    def is_calibrated(self) -> bool:
        """Whether the intervals hold slope 1 and level 0; a slope not determined does not count."""
        slope_is_off = self.slope_lower > 1 or self.slope_upper < 1
        return self.level_lower <= 0 <= self.level_upper and not slope_is_off

    def choose_kind(self, preferred: str = "sigmoid") -> str:
        """``none`` where the probabilities are calibrated, else the kind that is wanted.

        Args:
            preferred: ``sigmoid``, or ``isotonic``, which needs some thousand returning customers.
        """
        _require_kind(preferred)
        return "none" if self.is_calibrated else preferred


def check_calibration(
    is_returning: NDArray[np.bool_],
    probability: FloatArray,
    *,
    person_numbers: NDArray[np.int64] | None = None,
) -> CalibrationCheck:
    """Hold cross-validated probabilities to what came of them.

    Intervals are 1.96 robust standard errors wide on either side, in which the rows of one person
    count as one draw (Liang and Zeger 1986, Longitudinal data analysis using generalized linear
    models, sect. 2), since a person stands in several training dates.

    Args:
        is_returning: shape (rows,), both classes present.
        probability: of returning, by a model that was not fitted on the row, shape (rows,).
        person_numbers: who each row is of, shape (rows,); each row is a person of its own
            where none are given.

    Raises:
        ValueError: one class only, or a shape or a probability that cannot be.

    Example:
        >>> labels = np.arange(1000) % 10 == 0
        >>> check = check_calibration(labels, np.full(1000, 0.1))
        >>> check.is_calibrated, check_calibration(labels, np.full(1000, 0.2)).choose_kind()
        (True, 'sigmoid')
    """
    _require_both_classes(is_returning, probability)
    people = np.arange(len(is_returning)) if person_numbers is None else person_numbers
    _, people = np.unique(people, return_inverse=True)
    odds, ones = log_odds(probability), np.ones(len(is_returning))
    labels = is_returning.astype(np.float64)
    slope, intercept = fit_calibration_line(odds, labels, ones)
    slope_error = float("nan")
    if not np.isnan(slope):
        design = np.column_stack([odds, ones])
        slope_error = _robust_errors(design, expit(slope * odds + intercept), labels, people)[0]
    level = 0.0
    for _ in range(100):
        expected = expit(odds + level)
        step = (labels - expected).sum() / (expected * (1 - expected)).sum()
        level += float(np.clip(step, -1, 1))
        if abs(step) < 1e-10:
            break
    level_error = _robust_errors(ones[:, None], expit(odds + level), labels, people)[0]
    width = float(norm.ppf(0.975))
    return CalibrationCheck(
        slope,
        slope - width * slope_error,
        slope + width * slope_error,
        level,
        level - width * level_error,
        level + width * level_error,
    )


def _robust_errors(
    design: FloatArray, expected: FloatArray, labels: FloatArray, people: NDArray[np.intp]
) -> list[float]:
    """Standard errors of a logistic regression whose rows hang together by person."""
    information = (design * (expected * (1 - expected))[:, None]).T @ design
    scores = np.zeros((int(people.max()) + 1, design.shape[1]))
    np.add.at(scores, people, design * (labels - expected)[:, None])
    inverse = np.linalg.inv(information)
    return [float(error) for error in np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))]


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(
            f"the kind of calibration must be one of {', '.join(KINDS)}, got {kind!r}; mend the "
            "fit's settings"
        )


def _require_both_classes(is_returning: NDArray[np.bool_], probability: FloatArray) -> None:
    if probability.shape != is_returning.shape:
        raise ValueError(
            f"expected one probability for each of {len(is_returning)} customers, got shape "
            f"{probability.shape}; predict for the rows that the labels are of"
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError(
            f"expected probabilities between 0 and 1, got {probability.min()} to "
            f"{probability.max()}; pass probabilities, not log-odds"
        )
    if is_returning.all() or not is_returning.any():
        raise ValueError(
            f"expected both returning and lost customers among {len(is_returning)}, got only "
            f"{'returning' if is_returning.any() else 'lost'} ones; calibrate on other dates"
        )

"""Churn models from protocol to verdict: fitted on the past, chosen by folds, judged later.

Families are ranked by cross-validation on the training dates, so the test date stays unseen by the
choice, and what the test says of the champion is no winner's luck. After it is judged, the same
recipe is fitted again on all complete dates; these are the parameters that score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ml.calibration import (
    Calibration,
    CalibrationCheck,
    check_calibration,
    cross_fit_calibration,
    fit_calibration,
)
from ml.evaluation import Judgement, judge_return_scores, paired_auc_difference
from ml.families import additive, bg_nbd, boosting, logistic, random_forest
from ml.features import FeatureMatrix, FeatureRule, FloatArray, LabelledMatrix
from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.registry import SUSPECTED
from ml.splits import ChurnProtocol, folds_by_person


@dataclass(frozen=True)
class Effort:
    """What a study of churn families may cost.

    Attributes:
        fold_count: folds of people in the cross-validation.
        resample_count: bootstrap samples of each interval.
        tree_share: of the trees that the families are fitted with otherwise, above 0 to 1.
    """

    fold_count: int = 5
    resample_count: int = 200
    tree_share: float = 1.0


QUICK_EFFORT = Effort(fold_count=3, resample_count=40, tree_share=0.25)


Fit = Callable[[FeatureMatrix, NDArray[np.bool_], Sequence[FeatureRule], Effort, int], Any]


@dataclass(frozen=True)
class Family:
    """The verbs of a family of churn models.

    Attributes:
        name: as in the registry.
        fit: (matrix, labels, rules, effort, seed) to a model.
        predict: (model, matrix) to raw probabilities of returning, shape (rows,).
        to_rows: a model to its parameter rows.
        from_rows: the way back.
        explains_itself: whether its log-odds are a sum of one term per feature.
    """

    name: str
    fit: Fit
    predict: Callable[[Any, FeatureMatrix], FloatArray]
    to_rows: Callable[[Any], list[ParameterRow]]
    from_rows: Callable[[Sequence[ParameterRow]], Any]
    explains_itself: bool


# Trees of each family, at full effort; 1.2 % of 40,000 rows return, so steps are few and small.
TREE_COUNTS = {additive.FAMILY: 150, random_forest.FAMILY: 50, boosting.FAMILY: 80}


def _fit_logistic(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    _effort: Effort,
    _seed: int,
) -> logistic.LogisticModel:
    return logistic.fit_logistic(matrix, is_returning, rules)


def _fit_trees(name: str, fit: Callable[..., Any]) -> Fit:
    def fit_with_effort(
        matrix: FeatureMatrix,
        is_returning: NDArray[np.bool_],
        rules: Sequence[FeatureRule],
        effort: Effort,
        seed: int,
    ) -> Any:
        count = max(1, round(TREE_COUNTS[name] * effort.tree_share))
        return fit(matrix, is_returning, rules, tree_count=count, seed=seed)

    return fit_with_effort


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            logistic.FAMILY, _fit_logistic, logistic.predict_logistic,
            logistic.to_rows, logistic.from_rows, explains_itself=True,
        ),
        Family(
            additive.FAMILY, _fit_trees(additive.FAMILY, additive.fit_additive),
            additive.predict_additive,
            additive.to_rows, additive.from_rows, explains_itself=True,
        ),
        Family(
            random_forest.FAMILY,
            _fit_trees(random_forest.FAMILY, random_forest.fit_random_forest),
            random_forest.predict_random_forest,
            random_forest.to_rows, random_forest.from_rows, explains_itself=False,
        ),
        Family(
            boosting.FAMILY, _fit_trees(boosting.FAMILY, boosting.fit_boosting),
            boosting.predict_boosting,
            boosting.to_rows, boosting.from_rows, explains_itself=False,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Validated:
    """What cross-validation on the training dates says of a family.

    Attributes:
        family: its verbs.
        probability: of returning, by a model that saw nothing of the row's person, shape (rows,).
        roc_auc: of these.
        calibration: what they ask for.
        calibrated: each fold's, recalibrated on the other folds, shape (rows,).
    """

    family: Family
    probability: FloatArray
    roc_auc: float
    calibration: Calibration
    calibrated: FloatArray


def validate_family(
    family: Family,
    train: LabelledMatrix,
    rules: Sequence[FeatureRule],
    effort: Effort,
    *,
    recalibration: str = "sigmoid",
    seed: int,
) -> Validated:
    """Predict each person by a model fitted on other people, and see what must be mended.

    Args:
        family: to validate.
        train: rows of the training dates.
        rules: features to use.
        effort: folds and trees.
        recalibration: how to mend what is not calibrated, ``sigmoid`` or ``isotonic``.
        seed: of the folds and of the fits.

    Raises:
        ValueError: an unknown kind of recalibration.
    """
    probability = np.empty(len(train.is_returning))
    folds = list(
        folds_by_person(
            train.person_numbers, effort.fold_count, is_returning=train.is_returning, seed=seed
        )
    )
    for fitted_rows, held_out_rows in folds:
        part = train.take(fitted_rows)
        model = family.fit(part.matrix, part.is_returning, rules, effort, seed)
        probability[held_out_rows] = family.predict(model, train.take(held_out_rows).matrix)
    auc = float(roc_auc_score(train.is_returning, probability))
    check = check_calibration(train.is_returning, probability, person_numbers=train.person_numbers)
    kind = check.choose_kind(recalibration)
    return Validated(
        family,
        probability,
        auc,
        fit_calibration(train.is_returning, probability, kind),
        cross_fit_calibration(train.is_returning, probability, kind, folds),
    )


# The features of which BG/NBD is made, whether models use them or not.
HISTORY_FEATURES = ("purchase_day_count", "recency_days", "tenure_days")
# What the baselines are made of.
BASELINE_FEATURES = ("order_count", *HISTORY_FEATURES)
BG_NBD = "BG/NBD"


@dataclass(frozen=True)
class Baselines:
    """Baselines at the test date, with which every model is compared.

    Attributes:
        scores: rule to score, shape (customers,), higher is likelier to return.
        probabilities: those of them that are probabilities, too.
        calibration: of BG/NBD's probability, learned at the last training date.
        train_roc_auc: of BG/NBD's probability at the last training date; it learns from no labels,
            so there are no folds.
        degeneracy: why BG/NBD's parameters mean nothing here; empty where they do. It ranks
            customers all the same, so it stays a baseline: without it a model looks better.
    """

    scores: Mapping[str, FloatArray]
    probabilities: Mapping[str, FloatArray]
    calibration: Calibration
    train_roc_auc: float
    degeneracy: str


def make_baselines(
    before: LabelledMatrix, test: LabelledMatrix, *, horizon_weeks: float, seed: int
) -> Baselines:
    """Recency, frequency, and what BG/NBD expects, at the test date.

    BG/NBD is fitted on the histories known at the test date, since it learns from no labels; how
    its expectation becomes a probability is learned at the last training date.

    Args:
        before: rows of the last training date.
        test: rows of the test date.
        horizon_weeks: length of the label window.
        seed: of the starts of the fits.
    """
    names = test.matrix.feature_names
    simple = {
        "recency": -test.matrix.values[:, names.index("recency_days")],
        "frequency": test.matrix.values[:, names.index("order_count")],
    }
    fits = [
        bg_nbd.fit_bg_nbd(
            bg_nbd.histories_from_features(part.matrix), horizon_weeks=horizon_weeks, seed=seed
        )
        for part in (before, test)
    ]
    learned = bg_nbd.predict_bg_nbd(fits[0], before.matrix)
    calibration = fit_calibration(before.is_returning, learned, "sigmoid")
    histories = bg_nbd.histories_from_features(test.matrix)
    return Baselines(
        {**simple, BG_NBD: bg_nbd.expected_purchases(fits[1], histories, horizon_weeks)},
        {BG_NBD: calibration.apply(bg_nbd.predict_bg_nbd(fits[1], test.matrix))},
        calibration,
        float(roc_auc_score(before.is_returning, learned)),
        next((model.degeneracy for model in fits if model.degeneracy), ""),
    )


@dataclass(frozen=True)
class JudgedFamily:
    """A family, judged on the test date and fitted again on all complete dates.

    Attributes:
        name: as in the registry.
        parameters: of the fit on all complete dates, calibration included.
        metrics: the cross-validated ROC AUC first (BG/NBD's on the training date, since it learns
            from no labels), then those of the test.
        judgement: curves of the test.
        refusals: why it may not be champion; none if it may.
        suspicion: the first of them, where a figure is too good to be true: such a model is not
            eligible, whatever else is said of it.
        row_count: customers that the final fit saw, where it was on those of the build's own date
            instead of all complete dates.
    """

    name: str
    parameters: Sequence[ParameterRow]
    metrics: Sequence[Metric]
    judgement: Judgement
    refusals: Sequence[str]
    suspicion: str = ""
    row_count: int = 0

    @property
    def test_roc_auc(self) -> float:
        """Area under the ROC curve on the test date."""
        (auc,) = [
            metric.metric_value
            for metric in self.judgement.metrics
            if metric.metric_name == "roc_auc"
        ]
        return auc


def judge_probability(
    probability: FloatArray,
    test: LabelledMatrix,
    scores: Mapping[str, FloatArray],
    probabilities: Mapping[str, FloatArray],
    protocol: ChurnProtocol,
    effort: Effort,
    *,
    train_base_rate: float,
    seed: int,
) -> Judgement:
    """Judge one family's probabilities at the test date."""
    return judge_return_scores(
        test.is_returning,
        probability,
        scores,
        baseline_probabilities=probabilities,
        train_base_rate=train_base_rate,
        contact_cost=protocol.contact_cost_amount,
        return_value=protocol.return_value_amount,
        resample_count=effort.resample_count,
        seed=seed,
    )


def find_slope_refusals(check: CalibrationCheck, protocol: ChurnProtocol) -> list[str]:
    """Why a fit may not score for want of calibration, if so.

    Args:
        check: of its cross-validated probabilities, recalibrated where they asked for it, each fold
            by what the others say.
        protocol: the slopes that are allowed.
    """
    if math.isnan(check.slope):
        return ["gives everybody the same probability, so it tells nobody apart"]
    is_below = check.slope_upper < protocol.least_calibration_slope
    if not is_below and not check.slope_lower > protocol.most_calibration_slope:
        return []
    return [
        f"not calibrated: slope {check.slope:.2f} ({check.slope_lower:.2f} to "
        f"{check.slope_upper:.2f}), expected within {protocol.least_calibration_slope:g} to "
        f"{protocol.most_calibration_slope:g}"
    ]


def find_suspicion(where: str, auc: float, rows: LabelledMatrix, most_plausible: float) -> str:
    """Why a figure is too good to be true, with the feature that gives it away; empty if it is not.

    Args:
        where: what the figure was taken on, such as ``on the test date``.
        auc: area under the ROC curve.
        rows: on which it was taken.
        most_plausible: the upper bound of what honest features give.

    Example:
        >>> matrix = FeatureMatrix(("a",), np.array([[1.0], [2.0], [3.0]]))
        >>> rows = LabelledMatrix(matrix, np.array([True, False, False]), np.arange(3))
        >>> find_suspicion("on the test date", 0.7, rows, 0.75)
        ''
        >>> find_suspicion("on the test date", 0.9, rows, 0.75)[:45]
        'suspected leak: ROC AUC 0.9000 on the test da'
    """
    if auc <= most_plausible:
        return ""
    suspect, alone = find_suspect(rows)
    return (
        f"{SUSPECTED}: ROC AUC {auc:.4f} {where}, expected at most {most_plausible:g}; "
        f"{suspect!r} alone has {alone:.4f}"
    )


def find_suspect(test: LabelledMatrix) -> tuple[str, float]:
    """The feature that ranks returning customers best alone, either way round, and its AUC.

    A missing value ranks below all others.

    Example:
        >>> matrix = FeatureMatrix(("a", "b"), np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))
        >>> find_suspect(LabelledMatrix(matrix, np.array([True, False, False]), np.arange(3)))
        ('a', 1.0)
    """
    found = []
    for index, name in enumerate(test.matrix.feature_names):
        column = test.matrix.values[:, index]
        known = np.where(np.isnan(column), np.nanmin(column, initial=0.0) - 1.0, column)
        auc = float(roc_auc_score(test.is_returning, np.clip(known, -1e300, 1e300)))
        found.append((max(auc, 1 - auc), name))
    auc, name = max(found)
    return name, auc


def find_opaque_refusals(
    validated: Mapping[str, Validated], train: LabelledMatrix, effort: Effort, *, seed: int
) -> dict[str, str]:
    """Why families whose scores cannot be read may not be champion, by name.

    One that does not explain itself must rank surely better, in cross-validation, than the best
    that does; else the plainer one is preferred.
    """
    plain = {name: each for name, each in validated.items() if each.family.explains_itself}
    if not plain:
        return {}
    best = max(sorted(plain), key=lambda name: plain[name].roc_auc)
    refusals = {}
    for name, each in validated.items():
        if each.family.explains_itself:
            continue
        difference, lower, upper = paired_auc_difference(
            train.is_returning,
            each.probability,
            plain[best].probability,
            groups=train.person_numbers,
            resample_count=effort.resample_count,
            seed=seed,
        )
        if lower is None or upper is None or not lower > 0:
            band = "" if lower is None or upper is None else f" ({lower:.4f} to {upper:.4f})"
            refusals[name] = (
                f"does not rank surely better than {best}, whose scores explain themselves: "
                f"cross-validated ROC AUC {difference:+.4f}{band}"
            )
    return refusals


def study_families(
    train: LabelledMatrix,
    test: LabelledMatrix,
    everything: LabelledMatrix,
    rules: Sequence[FeatureRule],
    baselines: Baselines,
    protocol: ChurnProtocol,
    effort: Effort,
    *,
    recalibration: str = "sigmoid",
    seed: int,
    progress: Callable[[str], None] = lambda _said: None,
) -> list[JudgedFamily]:
    """Validate, judge and fit every family.

    One with a figure that is too good to be true is judged like the others, since people will want
    to see its figures, and may not score.

    Args:
        train: rows of the training dates.
        test: rows of the later test date.
        everything: rows of all complete dates, for the fits that score.
        rules: features that models use.
        baselines: baselines at the test date.
        protocol: what is held to.
        effort: what it may cost.
        recalibration: how to mend what is not calibrated, ``sigmoid`` or ``isotonic``.
        seed: of folds, fits and resamples.
        progress: told what was done, three times per family.
    """
    validate = partial(
        validate_family, rules=rules, effort=effort, recalibration=recalibration, seed=seed
    )
    bound = protocol.most_plausible_roc_auc
    validated: dict[str, Validated] = {}
    suspicions: dict[str, str] = {}
    for name, family in FAMILIES.items():
        validated[name] = validate(family, train)
        auc = validated[name].roc_auc
        suspicions[name] = find_suspicion("in cross-validation", auc, train, bound)
        progress(f"{name}: cross-validated ROC AUC {auc:.4f}")
    base_rate = float(train.is_returning.mean())
    judged = []
    for name, each in validated.items():
        model = each.family.fit(train.matrix, train.is_returning, rules, effort, seed)
        probability = each.calibration.apply(each.family.predict(model, test.matrix))
        judgement = judge_probability(
            probability, test, baselines.scores, baselines.probabilities, protocol, effort,
            train_base_rate=base_rate, seed=seed,
        )  # fmt: skip
        suspicions[name] = suspicions[name] or find_test_suspicion(judgement, test, protocol)
        progress(f"{name}: judged")
        judged.append((name, each, judgement))
    found = []
    for name, each, judgement in judged:
        why_not = [suspicions[name]] if suspicions[name] else []
        if not why_not and not each.family.explains_itself:
            # Held against the honest ones; those that explain themselves come first.
            rivals = {
                other: rival
                for other, rival in validated.items()
                if rival.family.explains_itself and not suspicions[other]
            }
            opaque = find_opaque_refusals({**rivals, name: each}, train, effort, seed=seed)
            why_not = [*opaque.values()]
        calibration, fit_metrics = each.calibration, []
        if not why_not:
            # More rows, less shrinkage: what may score is recalibrated on its own folds.
            folded = validate(each.family, everything)
            suspicions[name] = find_suspicion(
                "of the fit that would score, by folds", folded.roc_auc, everything, bound
            )
            calibration = folded.calibration
            recalibrated = calibration.apply(folded.probability)
            check = check_calibration(
                everything.is_returning,
                # One probability for everybody differs a little between folds, which says nothing.
                folded.calibrated if np.ptp(recalibrated) > 0 else recalibrated,
                person_numbers=everything.person_numbers,
            )
            if suspicions[name]:
                why_not = [suspicions[name]]
                fit_metrics.append(Metric("fit", "roc_auc", folded.roc_auc))
            else:
                why_not = find_slope_refusals(check, protocol)
            if not math.isnan(check.slope):
                fit_metrics.append(
                    Metric(
                        "fit", "calibration_slope",
                        check.slope, check.slope_lower, check.slope_upper,
                    )
                )  # fmt: skip
        final = each.family.fit(everything.matrix, everything.is_returning, rules, effort, seed)
        progress(f"{name}: fitted on {len(everything.is_returning):,} customers and dates")
        found.append(
            JudgedFamily(
                name,
                [*each.family.to_rows(final), *calibration.to_rows()],
                [
                    Metric("cross_validation", "roc_auc", each.roc_auc),
                    Metric("train", "base_rate", base_rate),
                    *judgement.metrics,
                    *fit_metrics,
                ],
                judgement,
                why_not,
                suspicions[name],
            )
        )
    return found


def find_test_suspicion(judgement: Judgement, test: LabelledMatrix, protocol: ChurnProtocol) -> str:
    """Why the ROC AUC of a test is too good to be true; empty if it is not.

    Where the protocol has a most plausible gain, the best baseline of the test bounds it, too.
    """
    (found,) = [metric for metric in judgement.metrics if metric.metric_name == "roc_auc"]
    where, bound = "on the test date", protocol.most_plausible_roc_auc
    gain = protocol.most_plausible_roc_auc_gain
    if gain is not None and found.baseline_value is not None:
        by_baseline = found.baseline_value + gain
        if by_baseline < bound:
            where = f"on the test date, where {found.baseline_name} has {found.baseline_value:.4f}"
            bound = by_baseline
    return find_suspicion(where, found.metric_value, test, bound)


def judge_bg_nbd(
    baselines: Baselines,
    test: LabelledMatrix,
    histories: FeatureMatrix,
    protocol: ChurnProtocol,
    effort: Effort,
    *,
    train_base_rate: float,
    seed: int,
) -> JudgedFamily:
    """BG/NBD as a model of the warehouse: judged beside recency and frequency, never champion.

    Args:
        baselines: at the test date.
        test: rows of the test date.
        histories: everybody's as of the build's date, for the fit that scores.
        protocol: what is held to.
        effort: what it may cost.
        train_base_rate: share that returned in training.
        seed: of resamples and starts.
    """
    others = {name: score for name, score in baselines.scores.items() if name != BG_NBD}
    judgement = judge_probability(
        baselines.probabilities[BG_NBD], test, others, {}, protocol, effort,
        train_base_rate=train_base_rate, seed=seed,
    )  # fmt: skip
    suspicion = find_test_suspicion(judgement, test, protocol)
    model = bg_nbd.fit_bg_nbd(
        bg_nbd.histories_from_features(histories),
        horizon_weeks=protocol.label_window_days / 7,
        seed=seed,
    )
    return JudgedFamily(
        bg_nbd.FAMILY,
        [*bg_nbd.to_rows(model), *baselines.calibration.to_rows()],
        [
            Metric("train", "roc_auc", baselines.train_roc_auc),
            *judgement.metrics,
        ],
        judgement,
        [
            *filter(None, [suspicion]),
            "a baseline, to which the others are held",
            *filter(None, [model.degeneracy or baselines.degeneracy]),
        ],
        suspicion,
        row_count=histories.row_count,
    )


def predict_rows(family: str, rows: Sequence[ParameterRow], matrix: FeatureMatrix) -> FloatArray:
    """Calibrated probabilities of returning of a model in the warehouse, shape (rows,).

    Args:
        family: of the model.
        rows: its parameters.
        matrix: features, more than the model uses do no harm.

    Raises:
        KeyError: a family that does not score in Python.
    """
    verbs = FAMILIES[family]
    raw = verbs.predict(verbs.from_rows(rows), matrix)
    return Calibration.from_rows(rows).apply(raw)

"""Churn models from protocol to verdict: fitted on the past, chosen by folds, judged later.

Families are ranked by cross-validation on the training dates, so the test date stays unseen by the
choice, and what the test says of the champion is no winner's luck. After it is judged, the same
recipe is fitted again on all complete dates; these are the parameters that score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml.calibration import Calibration, check_calibration
from ml.churn.baselines import Baselines
from ml.churn.budget import Effort
from ml.churn.evaluation import Judgement
from ml.churn.families import FAMILIES, ChurnFamily
from ml.churn.judging import JudgedFamily, judge_probability
from ml.churn.protocol import ChurnProtocol
from ml.churn.refusals import (
    find_opaque_refusals,
    find_slope_refusals,
    find_suspicion,
    find_test_suspicion,
)
from ml.churn.validation import Validated, validate_family
from ml.features import FeatureRule, LabelledMatrix
from ml.figures import Metric


@dataclass(frozen=True)
class _Study:
    """What the fits of all families share."""

    train: LabelledMatrix
    test: LabelledMatrix
    everything: LabelledMatrix
    rules: Sequence[FeatureRule]
    baselines: Baselines
    protocol: ChurnProtocol
    effort: Effort
    recalibration: str
    seed: int

    @property
    def base_rate(self) -> float:
        return float(self.train.is_returning.mean())

    def validate(self, family: ChurnFamily, part: LabelledMatrix) -> Validated:
        return validate_family(
            family, part, rules=self.rules, effort=self.effort,
            recalibration=self.recalibration, seed=self.seed,
        )  # fmt: skip


@dataclass(frozen=True)
class _Recalibrated:
    """How the fit that scores is recalibrated, and what its folds say of it."""

    calibration: Calibration
    metrics: Sequence[Metric] = ()
    refusals: Sequence[str] = ()
    suspicion: str = ""


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
    progress: Callable[[str], None] = lambda _message: None,
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
    study = _Study(train, test, everything, rules, baselines, protocol, effort, recalibration, seed)
    validated: dict[str, Validated] = {}
    suspicions: dict[str, str] = {}
    for name, family in FAMILIES.items():
        validated[name] = study.validate(family, train)
        auc = validated[name].roc_auc
        bound = protocol.most_plausible_roc_auc
        suspicions[name] = find_suspicion("in cross-validation", auc, train, bound)
        progress(f"{name}: cross-validated ROC AUC {auc:.4f}")
    judgements: dict[str, Judgement] = {}
    for name, validation in validated.items():
        judgements[name] = _judge(study, validation)
        if not suspicions[name]:
            suspicions[name] = find_test_suspicion(judgements[name], test, protocol)
        progress(f"{name}: judged")
    studied = []
    for name, validation in validated.items():
        refusals = [suspicions[name]] if suspicions[name] else []
        refusals = refusals or _find_opaque_refusals(study, name, validated, suspicions)
        studied.append(
            _fit_again(study, name, validation, judgements[name], refusals, suspicions[name])
        )
        progress(f"{name}: fitted on {len(everything.is_returning):,} customers and dates")
        # Those that come later are not compared with it, if it is not eligible.
        suspicions[name] = studied[-1].suspicion
    return studied


def _judge(study: _Study, validated: Validated) -> Judgement:
    """Fitted on the training dates, judged on the test date."""
    family, train = validated.family, study.train
    model = family.fit(train.matrix, train.is_returning, study.rules, study.effort, study.seed)
    probability = validated.calibration.apply(family.predict(model, study.test.matrix))
    return judge_probability(
        probability, study.test, study.baselines.scores, study.baselines.probabilities,
        study.protocol, study.effort, train_base_rate=study.base_rate, seed=study.seed,
    )  # fmt: skip


def _find_opaque_refusals(
    study: _Study, name: str, validated: Mapping[str, Validated], suspicions: Mapping[str, str]
) -> list[str]:
    """Why a family that does not explain itself may not score; it is held to those that do."""
    if validated[name].family.explains_itself:
        return []
    rivals = {
        other: rival
        for other, rival in validated.items()
        if rival.family.explains_itself and not suspicions[other]
    }
    compared = {**rivals, name: validated[name]}
    return [*find_opaque_refusals(compared, study.train, study.effort, seed=study.seed).values()]


def _fit_again(
    study: _Study,
    name: str,
    validated: Validated,
    judgement: Judgement,
    refusals: list[str],
    suspicion: str,
) -> JudgedFamily:
    """The fit on all complete dates, which may score unless something refuses it."""
    family, everything = validated.family, study.everything
    recalibrated = _Recalibrated(validated.calibration)
    if not refusals:
        recalibrated = _recalibrate(study, family)
    final = family.fit(
        everything.matrix, everything.is_returning, study.rules, study.effort, study.seed
    )
    return JudgedFamily(
        name,
        [*family.to_rows(final), *recalibrated.calibration.to_rows()],
        [
            Metric("cross_validation", "roc_auc", validated.roc_auc),
            Metric("train", "base_rate", study.base_rate),
            *judgement.metrics,
            *recalibrated.metrics,
        ],
        judgement,
        [*refusals, *recalibrated.refusals],
        suspicion or recalibrated.suspicion,
    )


def _recalibrate(study: _Study, family: ChurnFamily) -> _Recalibrated:
    """Recalibrate what may score on its own folds: more rows, less shrinkage."""
    everything, bound = study.everything, study.protocol.most_plausible_roc_auc
    folded = study.validate(family, everything)
    suspicion = find_suspicion(
        "of the fit that would score, by folds", folded.roc_auc, everything, bound
    )
    recalibrated = folded.calibration.apply(folded.probability)
    check = check_calibration(
        everything.is_returning,
        # One probability for everybody differs a little between folds, which says nothing.
        folded.calibrated if np.ptp(recalibrated) > 0 else recalibrated,
        person_numbers=everything.person_numbers,
    )
    metrics = [Metric("fit", "roc_auc", folded.roc_auc)] if suspicion else []
    if not math.isnan(check.slope):
        slope = (check.slope, check.slope_lower, check.slope_upper)
        metrics.append(Metric("fit", "calibration_slope", *slope))
    refusals = [suspicion] if suspicion else find_slope_refusals(check, study.protocol)
    return _Recalibrated(folded.calibration, metrics, refusals, suspicion)

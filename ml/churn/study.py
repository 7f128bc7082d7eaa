"""A churn study from the protocol's dates to judged models, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from sklearn.metrics import roc_auc_score

from ml.churn.baselines import BASELINE_FEATURES, judge_bg_nbd, make_baselines
from ml.churn.budget import Effort
from ml.churn.dates import choose_split
from ml.churn.families import FAMILIES
from ml.churn.family_study import study_families
from ml.churn.judging import JudgedFamily
from ml.churn.leak_meter import LeakFigure, NoLeakFigureError, measure_leaks
from ml.churn.protocol import ChurnProtocol
from ml.families.scoring import predict_rows
from ml.features import FeatureMatrix, FeatureRule, LabelledMatrix
from ml.parameters import name_features
from ml.registry import StoredModel
from ml.splits import NotEnoughHistoryError, TimeSplit


@dataclass(frozen=True)
class StudySettings:
    """What a study is told beside the protocol.

    Attributes:
        training_dates: asked for, like ``2017-07-01``; chosen by the protocol if not given.
        test_date: likewise.
        recalibration: how to mend what is not calibrated, ``sigmoid`` or ``isotonic``.
        seed: of folds, fits and resamples.
    """

    training_dates: Sequence[str]
    test_date: str
    recalibration: str
    seed: int


@dataclass(frozen=True)
class Shop:
    """What a study reads; each function is called with dates, when they are known.

    Attributes:
        complete_dates: as-of dates whose label windows are complete.
        read_labelled: features of these names with labels, as of some dates.
        read_histories: everybody's purchases as of the build's date.
        read_former_champion: a champion that a test of this date can judge again, or nothing.
        describe_shortage: why the orders are too few for a study.
    """

    complete_dates: Sequence[date]
    read_labelled: Callable[[Sequence[str], Sequence[date]], LabelledMatrix]
    read_histories: Callable[[], FeatureMatrix]
    read_former_champion: Callable[[date], Sequence[StoredModel]]
    describe_shortage: Callable[[], str]


@dataclass(frozen=True)
class ChurnStudy:
    """What was fitted, or why nothing was.

    Attributes:
        judged: every family, and BG/NBD.
        leaks: what common mistakes would have claimed.
        no_leaks_reason: why that was not measured; empty if it was.
        told: what the registry's settings are to say of the dates.
        row_count: customers and dates that the final fits saw.
        test_date: on which they were judged.
        label_window_days: of the labels that they learned and were judged by.
        retests: ROC AUC of the champion on this test, by its id.
        not_eligible: why nothing was fitted; empty if something was.
    """

    judged: Sequence[JudgedFamily] = ()
    leaks: Sequence[LeakFigure] = ()
    told: Mapping[str, object] = field(default_factory=dict)
    row_count: int = 0
    test_date: date = date.min
    label_window_days: int = 0
    retests: Mapping[str, float] = field(default_factory=dict)
    not_eligible: str = ""
    no_leaks_reason: str = ""

    @property
    def what_is_not_eligible(self) -> str:
        """Why nothing was fitted, or which models are too good to be true; empty if none is."""
        if self.not_eligible:
            return f"not eligible: {self.not_eligible}"
        suspected = [
            f"{family.name} is not eligible: {family.suspicion}"
            for family in self.judged
            if family.suspicion
        ]
        if not suspected:
            return ""
        return (
            "; ".join(suspected) + "; see that no feature holds anything from its date on, or "
            "raise most_plausible_roc_auc in dbt_project.yml if customers of this shop are that "
            "predictable"
        )


def study_churn(
    shop: Shop,
    protocol: ChurnProtocol,
    rules: Sequence[FeatureRule],
    settings: StudySettings,
    effort: Effort,
    *,
    progress: Callable[[str], None] = lambda _message: None,
) -> ChurnStudy:
    """Read the dates of the protocol, and judge every family on them.

    Args:
        shop: what can be read.
        protocol: what is held to.
        rules: features that models use.
        settings: what else it is told.
        effort: what it may cost.
        progress: told what was done, three times per family and three times beside.
    """
    names = sorted({rule.feature_name for rule in rules} | set(BASELINE_FEATURES))
    try:
        split = choose_split(
            protocol,
            shop.complete_dates,
            training_dates=settings.training_dates,
            test_date=settings.test_date,
            describe_shortage=shop.describe_shortage,
        )
    except NotEnoughHistoryError as error:
        return ChurnStudy(not_eligible=str(error))
    parts = []
    for name, dates in (
        ("training", split.training_dates),
        ("test", (split.test_date,)),
        ("the last training date's", split.training_dates[-1:]),
    ):
        parts.append(shop.read_labelled(names, dates))
        too_few = _describe_too_few(name, parts[-1], protocol)
        if too_few:
            return ChurnStudy(not_eligible=too_few)
    train, test, before = parts
    window, seed = protocol.label_window_days, settings.seed
    baselines = make_baselines(before, test, horizon_weeks=window / 7, seed=seed)
    progress(
        f"{len(train.is_returning):,} to learn from, {len(test.is_returning):,} at "
        f"{split.test_date} to judge on"
        + (f"; BG/NBD is degenerate: {baselines.degeneracy}" if baselines.degeneracy else "")
    )
    everything = shop.read_labelled(names, shop.complete_dates)
    judged = study_families(
        train, test, everything, rules, baselines, protocol, effort,
        recalibration=settings.recalibration, seed=seed, progress=progress,
    )  # fmt: skip
    judged.append(
        judge_bg_nbd(
            baselines,
            test,
            shop.read_histories(),
            protocol,
            effort,
            train_base_rate=float(train.is_returning.mean()),
            seed=seed,
        )
    )
    leaks, no_leaks_reason = _measure_leaks(judged, test, rules, protocol, seed=seed)
    progress(f"no leak meter: {no_leaks_reason}" if no_leaks_reason else "leak meter")
    return ChurnStudy(
        judged,
        leaks,
        _describe_dates(split, shop.complete_dates, baselines.degeneracy),
        len(everything.is_returning),
        split.test_date,
        window,
        _judge_again(shop, test, split.test_date, names),
        no_leaks_reason=no_leaks_reason,
    )


def _describe_too_few(name: str, part: LabelledMatrix, protocol: ChurnProtocol) -> str:
    """Why a part has too few people to learn from or to judge on; empty if it has enough."""
    returning = len(np.unique(part.person_numbers[part.is_returning]))
    rows = len(np.unique(part.person_numbers))
    if min(returning, rows - returning) >= protocol.least_returning_count:
        return ""
    return (
        f"of {rows:,} {name} customers {returning:,} returned within "
        f"{protocol.label_window_days} days, expected at least {protocol.least_returning_count} "
        "who did and as many who did not"
    )


def _measure_leaks(
    judged: Sequence[JudgedFamily],
    test: LabelledMatrix,
    rules: Sequence[FeatureRule],
    protocol: ChurnProtocol,
    *,
    seed: int,
) -> tuple[Sequence[LeakFigure], str]:
    """What mistakes would claim; nothing, and the reason, where the shop gives no figure."""
    try:
        leaks = measure_leaks(
            test.matrix,
            test.is_returning,
            rules,
            honest_roc_auc=find_honest_roc_auc(judged),
            inactive_days=protocol.label_window_days,
            seed=seed,
        )
    except NoLeakFigureError as error:
        return (), str(error)
    return leaks, ""


def find_honest_roc_auc(judged: Sequence[JudgedFamily]) -> float:
    """Of the model that the folds prefer among those that pass, or else among all honest ones.

    Raises:
        NoLeakFigureError: every figure is too good to be true.
    """
    honest = [family for family in judged if family.name in FAMILIES and not family.suspicion]
    if not honest:
        raise NoLeakFigureError("no model has an honest figure to compare mistakes with")
    able = [family for family in honest if not family.refusals] or honest
    return max(able, key=lambda family: family.metrics[0].metric_value).test_roc_auc


def _judge_again(
    shop: Shop, test: LabelledMatrix, test_date: date, names: Sequence[str]
) -> dict[str, float]:
    """ROC AUC of the former champion on this test, where it can be had."""
    return {
        former.model_id: float(
            roc_auc_score(
                test.is_returning, predict_rows(former.family, former.parameters, test.matrix)
            )
        )
        for former in shop.read_former_champion(test_date)
        # One with a feature that is no longer read cannot be compared.
        if set(names).issuperset(name_features(former.parameters))
    }


def _describe_dates(
    split: TimeSplit, complete_dates: Sequence[date], degeneracy: str
) -> dict[str, object]:
    """What the registry's settings are to say of a study's dates."""
    return {
        "training_dates": [str(day) for day in split.training_dates],
        "fitted_dates": [str(day) for day in complete_dates],
        "bg_nbd_degeneracy": degeneracy,
    }

"""Baselines at the test date: recency, frequency and BG/NBD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sklearn.metrics import roc_auc_score

from ml.calibration import Calibration, fit_calibration
from ml.churn.budget import Effort
from ml.churn.judging import JudgedFamily, judge_probability
from ml.churn.protocol import ChurnProtocol
from ml.churn.refusals import find_test_suspicion
from ml.families import bg_nbd
from ml.features import FeatureMatrix, FloatArray, LabelledMatrix
from ml.figures import Metric

# The features of which BG/NBD is made, whether models use them or not.
HISTORY_FEATURES = ("purchase_day_count", "recency_days", "tenure_days")


# What the baselines are made of.
BASELINE_FEATURES = ("order_count", *HISTORY_FEATURES)


BG_NBD = "BG/NBD"


@dataclass(frozen=True)
class Baselines:
    """Baselines at the test date, with which every model is compared.

    Attributes:
        scores: name of a baseline to its score, shape (customers,), higher is likelier to return.
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
    other_scores = {name: score for name, score in baselines.scores.items() if name != BG_NBD}
    judgement = judge_probability(
        baselines.probabilities[BG_NBD], test, other_scores, {}, protocol, effort,
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

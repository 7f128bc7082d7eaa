"""The churn protocol: nobody judges what they learned from, and nothing too good passes."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from ml.calibration import Calibration, check_calibration
from ml.churn import family_study
from ml.churn.baselines import BASELINE_FEATURES, BG_NBD, Baselines, make_baselines
from ml.churn.budget import Effort
from ml.churn.evaluation import Judgement
from ml.churn.families import FAMILIES, ChurnFamily
from ml.churn.family_study import study_families
from ml.churn.judging import JudgedFamily
from ml.churn.leak_meter import NoLeakFigureError
from ml.churn.protocol import ChurnProtocol
from ml.churn.refusals import (
    find_opaque_refusals,
    find_slope_refusals,
    find_suspect,
    find_test_suspicion,
)
from ml.churn.study import find_honest_roc_auc
from ml.churn.validation import Validated, validate_family
from ml.families.scoring import predict_rows
from ml.features import FeatureMatrix, FeatureRule, LabelledMatrix
from ml.figures import Metric

PROTOCOL = ChurnProtocol(
    label_window_days=180,
    training_date_count=2,
    training_gap_days=60,
    least_returning_count=20,
    most_plausible_roc_auc=0.75,
    least_calibration_slope=0.5,
    most_calibration_slope=2.0,
    contact_cost_amount=0.5,
    return_value_amount=5.0,
)
EFFORT = Effort(fold_count=2, resample_count=30, tree_share=0.1)
NAMES = ("order_count", "purchase_day_count", "recency_days", "tenure_days")
RULES = [FeatureRule(name) for name in NAMES]


def shop(seed: int, rows: int = 4_000, strength: float = 0.8) -> LabelledMatrix:
    """People of whom one feature tells a little about whether they return."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(30, 400, rows)
    days = 1 + rng.binomial(3, 0.1, rows)
    recency = np.where(days > 1, rng.integers(1, tenure), tenure)
    odds = -2.5 - strength * (recency - recency.mean()) / recency.std()
    values = np.column_stack([days, days, recency, tenure]).astype(float)
    people = rng.integers(0, rows // 2, rows)
    return LabelledMatrix(FeatureMatrix(NAMES, values), rng.random(rows) < expit(odds), people)


def test_what_is_validated_was_predicted_by_a_model_that_never_saw_the_person():
    train = shop(1)
    seen: list[set[int]] = []

    def fit(matrix, is_returning, rules, effort, seed):
        # The rows are recognised by a feature that is their person's number.
        seen.append(set(matrix.values[:, 0].astype(int)))
        return len(seen) - 1

    def predict(fold, matrix):
        assert not seen[fold] & set(matrix.values[:, 0].astype(int))
        return np.full(matrix.row_count, 0.1) + 0.001 * (matrix.values[:, 0] % 7)

    spy = ChurnFamily(
        "spy", fit, predict, lambda _model: [], lambda _rows: None, explains_itself=True
    )
    numbered = replace(
        train, matrix=FeatureMatrix(("person",), train.person_numbers[:, None].astype(float))
    )
    validated = validate_family(spy, numbered, RULES, replace(EFFORT, fold_count=4), seed=0)
    assert len(seen) == 4
    assert validated.probability.shape == (4_000,)


def test_every_family_is_validated_judged_and_fitted_on_everything():
    train, test = shop(1), shop(2)
    everything = shop(3, rows=6_000)
    messages: list[str] = []
    judged = study_families(
        train, test, everything, RULES, make_baselines(train, test, horizon_weeks=26, seed=0),
        PROTOCOL, replace(EFFORT, fold_count=5), seed=0, progress=messages.append,
    )  # fmt: skip
    assert [family.name for family in judged] == list(FAMILIES)
    assert len(messages) == 3 * len(FAMILIES)
    assert "logistic: fitted on 6,000 customers and dates" in messages
    for family in judged:
        values = {
            (metric.split, metric.metric_name): metric.metric_value for metric in family.metrics
        }
        assert 0.6 < values["cross_validation", "roc_auc"] < 0.75, family.name
        assert abs(values["test", "roc_auc"] - values["cross_validation", "roc_auc"]) < 0.06
        assert values["train", "base_rate"] == train.is_returning.mean()
        if not family.refusals:
            (slope,) = [metric for metric in family.metrics if metric.split == "fit"]
            assert slope.metric_name == "calibration_slope"
            assert slope.lower_bound < 1 < slope.upper_bound < 1.5, slope
        # The parameters are of the fit on everything, calibration included.
        probability = predict_rows(family.name, family.parameters, everything.matrix)
        assert abs(probability.mean() - everything.is_returning.mean()) < 0.03


def shop_without_leak(seed: int) -> LabelledMatrix:
    """The same people, of whom the feature tells nothing."""
    leaky = leaky_shop(seed)
    leaky.matrix.values[:, 4] = 1.0
    return leaky


def leaky_shop(seed: int, rows: int = 2_000) -> LabelledMatrix:
    """People of whom a feature tells what they did afterwards."""
    honest = shop(seed, rows)
    values = np.column_stack([honest.matrix.values, np.where(honest.is_returning, 2.0, 1.0)])
    return replace(honest, matrix=FeatureMatrix((*NAMES, "freight_share"), values))


@pytest.mark.parametrize(
    ("leaky_part", "where"),
    [
        ("train", "in cross-validation"),
        ("test", "on the test date"),
        ("everything", "of the fit that would score, by folds"),
    ],
)
def test_a_figure_too_good_to_be_true_refuses_the_family_and_names_the_feature(
    monkeypatch, leaky_part, where
):
    """Whichever of the three figures it is; the other families are judged as ever."""
    plain = FAMILIES["logistic"]
    leaky = ChurnFamily(
        "leaky",
        lambda *_arguments: None,
        # As good as the logistic model's, where the feature tells nothing.
        lambda _model, matrix: np.clip(matrix.values[:, 4] / 2.1 - matrix.values[:, 2] / 1e4, 0, 1),
        lambda _model: [],
        lambda _rows: None,
        explains_itself=True,
    )
    monkeypatch.setattr(family_study, "FAMILIES", {"logistic": plain, "leaky": leaky})

    train, test, everything = (
        leaky_shop(seed) if name == leaky_part else shop_without_leak(seed)
        for seed, name in enumerate(("train", "test", "everything"), start=1)
    )
    baselines = make_baselines(train, test, horizon_weeks=26, seed=0)
    logistic, suspect = study_families(
        train, test, everything, RULES, baselines, PROTOCOL, EFFORT, seed=0
    )
    assert logistic.suspicion == ""
    assert not [refusal for refusal in logistic.refusals if "leak" in refusal]
    assert (
        suspect.refusals[0]
        == suspect.suspicion
        == (
            f"suspected leak: ROC AUC 1.0000 {where}, expected at most 0.75; "
            "'freight_share' alone has 1.0000"
        )
    )
    assert suspect.metrics  # people want to see them


@pytest.mark.parametrize(("gain", "is_suspected"), [(None, False), (0.12, True), (0.6, False)])
def test_a_test_figure_far_above_the_best_baseline_is_suspected(gain, is_suspected):
    rows = leaky_shop(2)
    auc = Metric("test", "roc_auc", 0.93, baseline_name="recency", baseline_value=0.70)
    protocol = replace(PROTOCOL, most_plausible_roc_auc=0.97, most_plausible_roc_auc_gain=gain)
    suspicion = find_test_suspicion(Judgement((auc,), (), ()), rows, protocol)
    assert bool(suspicion) == is_suspected
    if is_suspected:
        assert suspicion == (
            "suspected leak: ROC AUC 0.9300 on the test date, where recency has 0.7000, expected "
            "at most 0.82; 'freight_share' alone has 1.0000"
        )


def test_what_hides_in_a_leak_is_no_rival_of_a_family_that_does_not_explain_itself(monkeypatch):
    """The honest one is held against honest ones, not against one that knows the future."""
    rivals: list[set[str]] = []
    monkeypatch.setattr(
        family_study, "find_opaque_refusals",
        lambda validated, *_rest, **_more: rivals.append(set(validated)) or {},
    )  # fmt: skip

    def scored_by(index, explains_itself):
        return ChurnFamily(
            "",
            lambda *_arguments: None,
            lambda _model, matrix: np.clip(matrix.values[:, index] / 400, 0.001, 0.999),
            lambda _model: [],
            lambda _rows: None,
            explains_itself,
        )

    families = {
        "honest": scored_by(2, True), "leaky": scored_by(4, True), "opaque": scored_by(3, False)
    }  # fmt: skip
    monkeypatch.setattr(family_study, "FAMILIES", families)
    train, test = shop_without_leak(1), leaky_shop(2)
    baselines = make_baselines(train, test, horizon_weeks=26, seed=0)
    judged = study_families(train, test, train, RULES, baselines, PROTOCOL, EFFORT, seed=0)
    assert [bool(family.suspicion) for family in judged] == [False, True, False]
    assert rivals == [{"honest", "opaque"}]


def test_the_suspect_may_rank_the_wrong_way_round_or_be_told_by_missing_values():
    labels = np.array([True, True, False, False])
    values = np.array([[1.0, 5.0], [1.0, 6.0], [np.nan, 7.0], [np.nan, 5.5]])
    matrix = FeatureMatrix(("told", "noise"), values)
    assert find_suspect(LabelledMatrix(matrix, labels, np.arange(4))) == ("told", 1.0)


@pytest.mark.parametrize(("slope", "is_refused"), [(1.0, False), (6.0, True), (0.1, True)])
def test_probabilities_that_are_significantly_off_are_refused(slope, is_refused):
    rng = np.random.default_rng(0)
    odds = rng.normal(-1, 0.6, 6_000)
    labels = rng.random(6_000) < expit(odds)
    # Log-odds that are twice too far apart have slope 1/2.
    stated = expit((odds - odds.mean()) / slope + odds.mean())
    refusals = find_slope_refusals(check_calibration(labels, stated), PROTOCOL)
    assert bool(refusals) == is_refused
    for refusal in refusals:
        assert re.match(r"not calibrated: slope \d", refusal)


def test_a_family_whose_recalibration_learned_noise_is_refused(monkeypatch):
    """Bent by its own outcomes it would look calibrated; people of other folds tell."""
    rng = np.random.default_rng(7)
    noise = ChurnFamily(
        "noise",
        lambda *_arguments: None,
        lambda _model, matrix: rng.uniform(0.01, 0.6, matrix.row_count),
        lambda _model: [],
        lambda _rows: None,
        explains_itself=True,
    )
    monkeypatch.setattr(family_study, "FAMILIES", {"noise": noise})
    train, test, everything = shop(1), shop(2), shop(3, rows=6_000)
    baselines = make_baselines(train, test, horizon_weeks=26, seed=0)
    (judged,) = study_families(
        train, test, everything, RULES, baselines, PROTOCOL, EFFORT,
        recalibration="isotonic", seed=0,
    )  # fmt: skip
    assert re.match(r"not calibrated: slope -?0\.\d\d \(", judged.refusals[0])
    validated = validate_family(
        noise, everything, RULES, EFFORT, recalibration="isotonic", seed=0,
    )  # fmt: skip
    by_its_own = validated.calibration.apply(validated.probability)
    assert check_calibration(everything.is_returning, by_its_own).is_calibrated


def test_a_kind_of_recalibration_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="'platt'"):
        validate_family(
            FAMILIES["logistic"], shop(1), RULES, EFFORT, recalibration="platt", seed=0,
        )  # fmt: skip


def test_one_probability_for_everybody_is_refused():
    check = check_calibration(np.arange(100) % 10 == 0, np.full(100, 0.1))
    assert find_slope_refusals(check, PROTOCOL)[0].startswith("gives everybody the same")


def test_an_opaque_family_must_rank_significantly_better_than_the_best_that_explains_itself():
    train = shop(1)
    rng = np.random.default_rng(5)
    truth = train.is_returning * 1.0

    def validated(name, probability, explains_itself):
        # Only its name and whether it explains itself are asked for here.
        family = ChurnFamily(name, None, None, None, None, explains_itself)  # type: ignore[arg-type]
        auc = float(probability.mean())
        return Validated(family, probability, auc, Calibration(), probability)

    noise = rng.random(len(truth))
    refusals = find_opaque_refusals(
        {
            "plain": validated("plain", noise, True),
            "same": validated("same", noise, False),
            "better": validated("better", noise + truth, False),
        },
        train,
        EFFORT,
        seed=0,
    )
    assert list(refusals) == ["same"]
    assert refusals["same"].startswith(
        "does not rank significantly better than plain, whose scores explain"
    )


def test_baselines_are_recency_frequency_and_bg_nbd_by_what_was_known_at_the_test_date():
    before, test = shop(1), shop(2)
    baselines = make_baselines(before, test, horizon_weeks=180 / 7, seed=0)
    assert isinstance(baselines, Baselines)
    assert set(BASELINE_FEATURES) == set(NAMES)
    recency = test.matrix.values[:, 2]
    assert np.array_equal(baselines.scores["recency"], -recency)
    assert np.array_equal(baselines.scores["frequency"], test.matrix.values[:, 0])
    assert ((baselines.probabilities[BG_NBD] > 0) & (baselines.probabilities[BG_NBD] < 1)).all()


def test_where_bg_nbd_is_degenerate_it_stays_a_baseline_and_that_is_said():
    # Everybody bought once: nothing tells how often people would buy again.
    rows = 500
    tenure = np.arange(rows) % 300 + 1.0
    values = np.column_stack([np.ones(rows), np.ones(rows), tenure, tenure])
    labels = np.arange(rows) % 10 == 0
    once = LabelledMatrix(FeatureMatrix(NAMES, values), labels, np.arange(rows))
    baselines = make_baselines(once, once, horizon_weeks=26, seed=0)
    assert set(baselines.scores) == {"recency", "frequency", BG_NBD}
    assert np.isfinite(baselines.scores[BG_NBD]).all()
    assert ((baselines.probabilities[BG_NBD] > 0) & (baselines.probabilities[BG_NBD] < 1)).all()
    assert "bound" in baselines.degeneracy or "starts" in baselines.degeneracy


def test_mistakes_are_compared_with_no_figure_that_is_too_good_to_be_true():
    suspected = JudgedFamily("logistic", (), (), None, ("a leak",), "a leak")
    with pytest.raises(NoLeakFigureError, match="no model has an honest figure"):
        find_honest_roc_auc([suspected])

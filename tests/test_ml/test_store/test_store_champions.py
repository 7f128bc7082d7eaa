"""Candidates, decisions and the history of champions."""

import math
from dataclasses import replace

import duckdb
import pytest
from stored_models import (
    JUDGED,
    JUNE,
    MODEL,
    ONE,
    TWO,
    fit_and_choose,
    read_changes,
    read_statuses,
    segmentation,
)

from ml.figures import Metric
from ml.registry import Decision, decide_statuses
from ml.store.champions import (
    read_candidates,
    read_champion_history,
    read_suspicions,
    write_decisions,
    write_not_eligible,
)
from ml.store.champions_by_hand import promote, roll_back
from ml.store.connection import StoreError
from ml.store.models import write_model, write_retest
from ml.store.registry import read_model, read_models


def test_candidates_come_oldest_first_with_the_figure_that_decides(warehouse):
    kmeans = replace(
        MODEL,
        purpose="segmentation",
        family="kmeans",
        settings={"seed": 1},
        verdict="bins of item_count",
        metrics=[Metric("study", "silhouette", 0.3), Metric("train", "silhouette", 0.9)],
    )
    unknown = replace(kmeans, family="gmm", metrics=[Metric("train", "davies_bouldin", 2.0)])
    for model in (JUDGED, kmeans, unknown):
        write_model(warehouse, model)
    warehouse.execute(
        """
        update ml.model_registry set trained_at = case family
            when 'kmeans' then timestamp '2018-09-01' when 'logistic' then timestamp '2018-09-02'
            else timestamp '2018-09-03' end
        """
    )
    candidates = read_candidates(warehouse)
    assert [
        (candidate.family, candidate.purpose, candidate.trained_order) for candidate in candidates
    ] == [
        ("kmeans", "segmentation", 1),
        ("logistic", "churn", 2),
        ("gmm", "segmentation", 3),
    ]
    assert [candidate.quality for candidate in candidates] == [0.3, 0.61, -math.inf]
    assert {candidate.as_of_date for candidate in candidates} == {JUNE}
    assert [candidate.refusal for candidate in candidates] == [
        "bins of item_count", "", "bins of item_count"
    ]  # fmt: skip


def test_a_candidate_knows_its_tests_and_what_the_gates_said(warehouse):
    write_model(warehouse, JUDGED)
    (candidate,) = read_candidates(warehouse)
    # Tests of other label windows are other tests.
    assert candidate.test_date == "2018-03-01 + 180 days"
    assert candidate.test_qualities == {
        "2018-03-01 + 180 days": 0.6,
        "2018-06-01 + 180 days": 0.59,
    }
    assert (candidate.refusal, candidate.was_champion, candidate.is_rolled_back) == (
        "", False, False
    )  # fmt: skip
    for verdict, refusal in (("passed", ""), ("has not passed: a leak", "has not passed: a leak")):
        write_model(warehouse, replace(JUDGED, verdict=verdict, evidence="0.6 of at most 0.75"))
        (candidate,) = read_candidates(warehouse)
        assert (candidate.refusal, candidate.evidence) == (refusal, "0.6 of at most 0.75")


def test_the_history_has_a_row_only_when_a_champion_changes(warehouse):
    fit_and_choose(warehouse, ONE, ONE, segmentation("kmeans", "passed"), TWO)
    kmeans = segmentation("kmeans", "passed").model_id
    assert read_changes(warehouse) == [
        (1, "churn", ONE.model_id, None, "chosen"),
        (2, "segmentation", kmeans, None, "chosen"),
        (3, "churn", TWO.model_id, ONE.model_id, "chosen"),
    ]
    last = read_champion_history(warehouse)[-1]
    assert "on the test of 2018-03-01" in last.reason
    of_one = read_champion_history(warehouse, ONE.model_id)
    assert [change.change_number for change in of_one] == [1, 3]


def test_that_nobody_is_champion_any_more_is_a_change_too(warehouse):
    fit_and_choose(warehouse, segmentation("kmeans", "passed"), segmentation("kmeans", "too few"))
    kmeans = segmentation("kmeans", "passed").model_id
    assert read_changes(warehouse)[1] == (2, "segmentation", None, kmeans, "chosen")
    assert read_champion_history(warehouse)[1].reason == "no model can be champion"
    (candidate,) = read_candidates(warehouse)
    assert candidate.was_champion is True


def test_who_was_champion_before_there_was_a_history_is_known_once_replaced(warehouse):
    write_model(warehouse, ONE)
    warehouse.execute("update ml.model_registry set status = 'champion'")
    fit_and_choose(warehouse, TWO)
    write_model(warehouse, ONE)
    was_champion = {
        candidate.model_id: candidate.was_champion for candidate in read_candidates(warehouse)
    }
    assert was_champion == {ONE.model_id: True, TWO.model_id: True}
    assert roll_back(warehouse, "churn") == (ONE.model_id, TWO.model_id)


def set_bound(warehouse, most_plausible, most_plausible_gain="null"):
    warehouse.execute(
        "create or replace table features.churn_protocol as "
        f"select {most_plausible}::double as most_plausible_roc_auc, "
        f"{most_plausible_gain}::double as most_plausible_roc_auc_gain"
    )


def test_a_model_too_far_above_the_best_baseline_of_its_test_is_not_eligible(warehouse):
    fit_and_choose(warehouse, TWO)
    auc, baseline = next(
        (metric.metric_value, metric.baseline_value)
        for metric in TWO.metrics
        if (metric.split, metric.metric_name) == ("test", "roc_auc")
    )
    set_bound(warehouse, 0.97, auc - baseline + 0.001)
    assert read_suspicions(warehouse) == {}
    set_bound(warehouse, 0.97, auc - baseline - 0.001)
    assert read_suspicions(warehouse) == {
        TWO.model_id: f"suspected leak: ROC AUC {auc:.4f} of the split test, expected at most "
        f"{auc - 0.001:g}"
    }


def test_a_model_with_a_figure_above_today_s_bound_is_not_eligible_whoever_fitted_it(warehouse):
    """By an earlier version, under a higher bound, or on a later test: the figures say it."""
    set_bound(warehouse, 0.75)
    fit_and_choose(warehouse, ONE, TWO)
    assert read_statuses(warehouse)[TWO.model_id] == "champion"
    write_retest(warehouse, TWO.model_id, JUNE, "roc_auc", 0.81)
    assert read_suspicions(warehouse) == {
        TWO.model_id: "suspected leak: ROC AUC 0.8100 of the split retest 2018-06-01, "
        "expected at most 0.75"
    }
    write_decisions(warehouse, decide_statuses(read_candidates(warehouse)))
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "not_eligible"}
    assert read_changes(warehouse)[-1][2:] == (None, TWO.model_id, "chosen")
    with pytest.raises(StoreError, match=r"cannot be champion: suspected leak: ROC AUC 0\.81"):
        promote(warehouse, TWO.model_id, "by hand")
    promote(warehouse, ONE.model_id, "the honest one")
    # What is fitted again is judged by what is found then.
    fit_and_choose(warehouse, TWO)
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "champion"}


def test_what_a_fit_says_of_a_leak_is_what_the_registry_says(warehouse):
    set_bound(warehouse, 0.5)
    why = "suspected leak: ROC AUC 0.6000 on the test date; 'freight_share' alone has 0.5900"
    leaky = replace(ONE, verdict=why)
    fit_and_choose(warehouse, leaky)
    model = read_model(warehouse, leaky.model_id)
    assert (model.status, model.status_reason) == ("not_eligible", why)
    # That nothing can be fitted any more retires it, and takes no model's row away.
    write_not_eligible(warehouse, "churn", leaky.as_of_date, "too few", {}, "0.1.0")
    assert read_model(warehouse, leaky.model_id).status == "retired"
    set_bound(warehouse, 0.9)
    fit_and_choose(warehouse, ONE)
    assert read_statuses(warehouse) == {ONE.model_id: "champion"}


def test_that_nothing_could_be_fitted_is_one_row_until_something_is(warehouse):
    for reason in ("nobody came back", "3 came back, at least 50 are wanted"):
        row = write_not_eligible(warehouse, "churn", JUNE, reason, {"least": 50}, "0.1.0")
        assert row == "churn-20180601-not-eligible"
    (model,) = read_models(warehouse)
    assert (model.family, model.status, model.status_reason) == ("none", "not_eligible", reason)
    assert (model.row_count, model.feature_count, model.parameter_count) == (0, 0, 0)
    assert model.settings == {"least": 50}
    assert (model.verdict, model.test_date, model.scored_by) == (reason, None, None)
    assert read_candidates(warehouse) == []
    fit_and_choose(warehouse, ONE)
    assert read_statuses(warehouse) == {ONE.model_id: "champion"}


def test_the_registry_says_why_the_champion_won_and_what_was_refused(warehouse):
    kmeans = segmentation("kmeans", "passed")
    mixture = segmentation("gmm", "bins of paid_amount; too few", 0.9)
    for model in (kmeans, mixture):
        write_model(warehouse, model)
    decisions = {
        decision.model_id: decision for decision in decide_statuses(read_candidates(warehouse))
    }
    winner, other = decisions[kmeans.model_id], decisions[mixture.model_id]
    assert (winner.status, other.status) == ("champion", "challenger")
    assert winner.status_reason.endswith("; rank 1 of 2")
    assert other.status_reason == "refused: bins of paid_amount; too few"


def test_decisions_are_written_and_read_back(warehouse):
    models = [replace(MODEL, settings={"seed": seed}) for seed in range(3)]
    for model in models:
        write_model(warehouse, model)
    decisions = decide_statuses(read_candidates(warehouse))
    write_decisions(warehouse, decisions)
    written = warehouse.execute(
        "select model_id, status, status_reason from ml.model_registry"
    ).fetchall()
    assert sorted(written) == sorted(
        (decision.model_id, decision.status, decision.status_reason) for decision in decisions
    )
    assert [(candidate.model_id, candidate.status) for candidate in read_candidates(warehouse)] == [
        (models[2].model_id, "champion")
    ]
    again = decide_statuses(read_candidates(warehouse))
    assert [decision.status for decision in again] == ["champion"]


def test_decisions_are_written_all_or_none(warehouse):
    write_model(warehouse, MODEL)
    decisions = [Decision(MODEL.model_id, "champion", "first"), Decision(MODEL.model_id, None, "")]
    with pytest.raises(duckdb.ConstraintException, match=r"model_registry\.status"):
        write_decisions(warehouse, decisions)
    assert warehouse.execute("select status from ml.model_registry").fetchall() == [("challenger",)]

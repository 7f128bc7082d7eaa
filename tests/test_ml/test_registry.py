"""The registry: an id says what was fitted, and one model per purpose is champion."""

import math
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.purposes import PURPOSES
from ml.registry import Candidate, FittedModel, decide_statuses

DAY = date(2018, 8, 30)
FIGURE = "cross-validated ROC AUC"  # that decides on churn models
MODEL = FittedModel(
    purpose="churn",
    family="logistic",
    as_of_date=DAY,
    row_count=100,
    feature_count=2,
    settings={"seed": 1, "inverse_regularization": 0.01, "training_dates": ["2017-09-01"]},
    code_version="0.1.0",
    verdict="passed",
    parameters=[
        ParameterRow("intercept", -3.0),
        ParameterRow("coefficient", 0.1, feature_name="order_count"),
        ParameterRow("coefficient", -0.2, feature_name="recency_days"),
    ],
    metrics=[Metric("test", "roc_auc", 0.6)],
)


def test_an_id_names_the_family_and_the_as_of_date():
    assert re.fullmatch(r"logistic-20180830-[0-9a-f]{8}", MODEL.model_id)


@settings(deadline=None)
@given(st.permutations(MODEL.parameters), st.permutations(list(MODEL.settings.items())))
def test_the_same_fit_has_the_same_id_whatever_the_order(parameters, settings):
    again = replace(MODEL, parameters=parameters, settings=dict(settings))
    assert again.model_id == MODEL.model_id


def test_what_does_not_change_the_fit_does_not_change_the_id():
    as_numpy = [replace(row, value=np.float64(row.value)) for row in MODEL.parameters]
    again = replace(MODEL, parameters=as_numpy, metrics=[], code_version="0.2.0")
    assert again.model_id == MODEL.model_id


@settings(deadline=None)
@given(st.integers(0, 2), st.sampled_from([-math.inf, math.inf]))
def test_the_last_bit_of_one_parameter_changes_the_id(index, direction):
    parameters = list(MODEL.parameters)
    row = parameters[index]
    parameters[index] = replace(row, value=math.nextafter(row.value, direction))
    assert replace(MODEL, parameters=parameters).model_id != MODEL.model_id


@pytest.mark.parametrize(
    "row",
    [
        ParameterRow("slope", -3.0),
        ParameterRow("intercept", -3.0, component_id=0),
        ParameterRow("intercept", -3.0, feature_name="order_count"),
        ParameterRow("intercept", -3.0, paired_feature_name="order_count"),
    ],
)
def test_each_part_of_a_parameters_name_changes_the_id(row):
    assert replace(MODEL, parameters=[row, *MODEL.parameters[1:]]).model_id != MODEL.model_id


def test_a_lost_parameter_changes_the_id():
    assert replace(MODEL, parameters=MODEL.parameters[1:]).model_id != MODEL.model_id


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "too few"},
        {"evidence": "rank 1 of 2"},
        {"settings": {**MODEL.settings, "study_id": "eb5b1505af572b33"}},
    ],
)
def test_what_a_study_or_the_gates_say_is_no_part_of_the_id(change):
    assert replace(MODEL, **change).model_id == MODEL.model_id


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"test_date": date(2018, 3, 1), "label_window_days": 180},
            "logistic-20180830-0c6735e0",
        ),
        (
            {
                "test_date": date(2018, 3, 1),
                "label_window_days": 180,
                "scored_by": "library",
            },
            "logistic-20180830-eb6a8062",
        ),
        (
            {
                "purpose": "segmentation",
                "family": "kmeans",
                "settings": {"candidate_id": "full-kmeans-4", "study_id": "a"},
            },
            "kmeans-20180830-5b5e0a12",
        ),
    ],
)
def test_ids_are_what_they_were_when_tests_and_scorers_were_settings(change, expected):
    """The ids that Regulars 0.6 (commit 22c15f1) gives the same fits."""
    assert replace(MODEL, **change).model_id == expected


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"inverse_regularization": 0.02}, {"training_dates": []}, {"more": 1}]
)
def test_one_setting_changes_the_id(change):
    assert replace(MODEL, settings={**MODEL.settings, **change}).model_id != MODEL.model_id


def test_the_as_of_date_changes_the_id():
    assert replace(MODEL, as_of_date=date(2018, 8, 31)).model_id != MODEL.model_id


# --- which model is champion --------------------------------------------------------------------


def candidate(model_id, family, order, quality, purpose="churn", status="challenger"):
    return Candidate(model_id, purpose, family, status, DAY, order, quality)


@st.composite
def candidate_lists(draw):
    """Live models in any order, with many ties and unknown qualities."""
    size = draw(st.integers(0, 8))
    orders = draw(st.permutations(range(size)))
    return [
        Candidate(
            model_id=f"model-{order}",
            purpose=draw(st.sampled_from(["segmentation", "churn"])),
            family=draw(st.sampled_from(["kmeans", "gmm", "logistic"])),
            status=draw(st.sampled_from(["champion", "challenger"])),
            as_of_date=DAY,
            trained_order=order,
            quality=draw(st.sampled_from([0.1, 0.2, 0.2, -0.3, -math.inf, math.nan])),
        )
        for order in orders
    ]


TESTS = ["2018-01-01", "2018-03-01"]


@st.composite
def lists_of_tested(draw):
    """Live models that were judged on tests, some again later; champions at most one each."""
    size = draw(st.integers(0, 7))
    champions = [draw(st.integers(0, 7)) for _ in range(2)]
    qualities = st.sampled_from([0.5, 0.55, 0.6, math.nan])
    candidates = []
    for index, order in enumerate(draw(st.permutations(range(size)))):
        purpose = index % 2
        test_date = draw(st.sampled_from([None, *TESTS]))
        tests = draw(st.dictionaries(st.sampled_from(TESTS), qualities))
        if test_date is not None:
            tests.setdefault(test_date, draw(qualities))
        candidates.append(
            Candidate(
                model_id=f"model-{order}",
                purpose=("segmentation", "churn")[purpose],
                family=draw(st.sampled_from(["additive", "boosting", "logistic"])),
                status="champion" if champions[purpose] == index else "challenger",
                as_of_date=draw(st.sampled_from([DAY, date(2018, 3, 1)])),
                trained_order=order,
                quality=draw(qualities),
                refusal=draw(st.sampled_from(["", "", "not calibrated"])),
                suspicion=draw(st.sampled_from(["", "", "", "suspected leak"])),
                test_date=test_date,
                test_qualities=tests,
                was_champion=draw(st.booleans()),
                is_rolled_back=draw(st.sampled_from([False, False, True])),
            )
        )
    return candidates


def comparable(quality):
    return -math.inf if math.isnan(quality) else quality


@settings(deadline=None)
@given(candidate_lists())
def test_there_is_one_champion_per_purpose_and_one_live_model_per_family(candidates):
    decisions = decide_statuses(candidates)
    assert [decision.model_id for decision in decisions] == [model.model_id for model in candidates]
    status = {decision.model_id: decision.status for decision in decisions}
    for purpose in {model.purpose for model in candidates}:
        of_purpose = [model for model in candidates if model.purpose == purpose]
        live = [model for model in of_purpose if status[model.model_id] != "retired"]
        champions = [model for model in of_purpose if status[model.model_id] == "champion"]

        assert len(champions) == 1
        assert sorted(model.family for model in live) == sorted(
            {model.family for model in of_purpose}
        )
        for model in live:
            family = [other for other in of_purpose if other.family == model.family]
            assert model.trained_order == max(other.trained_order for other in family)
        best = max(comparable(model.quality) for model in live)
        first = min(model.family for model in live if comparable(model.quality) == best)
        assert champions[0].family == first


@settings(deadline=None)
@given(candidate_lists(), st.randoms())
def test_decisions_do_not_depend_on_the_order_of_the_candidates(candidates, random):
    shuffled = random.sample(candidates, len(candidates))
    first = {decision.model_id: decision.status for decision in decide_statuses(candidates)}
    second = {decision.model_id: decision.status for decision in decide_statuses(shuffled)}
    assert first == second


@settings(deadline=None)
@given(candidate_lists())
def test_deciding_again_changes_nothing(candidates):
    decisions = {decision.model_id: decision for decision in decide_statuses(candidates)}
    live = [
        replace(model, status=decisions[model.model_id].status)
        for model in candidates
        if decisions[model.model_id].status != "retired"
    ]
    for decision in decide_statuses(live):
        assert decision.status == decisions[decision.model_id].status


@settings(deadline=None, max_examples=500)
@given(lists_of_tested(), st.randoms())
def test_what_must_hold_of_every_choice(candidates, random):
    decisions = {decision.model_id: decision for decision in decide_statuses(candidates)}
    status = {model_id: decision.status for model_id, decision in decisions.items()}
    for purpose in ("segmentation", "churn"):
        of_purpose = [model for model in candidates if model.purpose == purpose]
        champions = [model for model in of_purpose if status[model.model_id] == "champion"]
        assert len(champions) <= 1
        assert not any(
            model.refusal or model.suspicion or model.is_rolled_back for model in champions
        )
        # Nothing is lost: where somebody may be champion of what is latest, somebody is.
        latest = {}
        for model in sorted(of_purpose, key=lambda model: model.trained_order):
            if not model.is_rolled_back:
                latest[model.family] = model
        if any(not (model.refusal or model.suspicion) for model in latest.values()):
            assert len(champions) == 1
        # Whom a figure too good to be true gives away is not eligible, and nobody else is.
        assert {model.model_id for model in latest.values() if model.suspicion} == {
            model.model_id for model in of_purpose if status[model.model_id] == "not_eligible"
        }
        incumbents = [model for model in of_purpose if model.status == "champion"]
        if champions and incumbents and champions != incumbents:
            (old,), (new,) = incumbents, champions
            # What was fitted later cannot score a build as of the earlier date.
            is_of_earlier_date = (
                new.trained_order > old.trained_order and new.as_of_date < old.as_of_date
            )
            if new.test_date in old.test_qualities and not (
                old.refusal
                or old.suspicion
                or old.is_rolled_back
                or new.was_champion
                or is_of_earlier_date
            ):
                assert comparable(new.test_qualities[new.test_date]) >= comparable(
                    old.test_qualities[new.test_date]
                )
    shuffled = random.sample(candidates, len(candidates))
    assert {decision.model_id: decision for decision in decide_statuses(shuffled)} == decisions
    live = [
        replace(model, status=status[model.model_id])
        for model in candidates
        if status[model.model_id] != "retired"
    ]
    for decision in decide_statuses(live):
        assert decision.status == status[decision.model_id]


MARCH = "2018-03-01"


def judged(model_id, family, order, quality, test, status="challenger", **more):
    """A churn model that was judged on the test of March 1."""
    fit = candidate(model_id, family, order, quality, status=status)
    return replace(fit, **{"test_date": MARCH, "test_qualities": {MARCH: test}, **more})


def decided(*candidates):
    return {
        decision.model_id: (decision.status, decision.status_reason)
        for decision in decide_statuses(candidates)
    }


def statuses(*candidates):
    return {model_id: status for model_id, (status, _) in decided(*candidates).items()}


def test_no_model_comes_in_through_another_that_it_could_not_have_replaced_itself():
    june = "2018-06-01"
    incumbent = judged("incumbent", "logistic", 1, 0.60, 0.62, status="champion")
    # Judged in June, and later on the test of March, too: so it is newer and not comparable.
    newer = judged("newer", "boosting", 2, 0.61, 0.59, test_date=june)
    newer = replace(newer, test_qualities={june: 0.60, MARCH: 0.59})
    best_validated = judged("best-validated", "tree", 3, 0.70, 0.61)
    decisions = decided(incumbent, newer, best_validated)
    assert {model_id: status for model_id, (status, _) in decisions.items()} == {
        "incumbent": "champion",
        "newer": "challenger",
        "best-validated": "challenger",
    }
    assert "its place would not last" in decisions["newer"][1]
    assert "best-validated reaches 0.6100, incumbent 0.6200" in decisions["newer"][1]


def test_a_figure_too_good_to_be_true_makes_room_for_the_next_family_champion_or_not():
    why = "suspected leak: ROC AUC 0.9000 in cross-validation, expected at most 0.75"
    leaky = judged("leaky", "boosting", 1, 0.9, 0.9, status="champion", suspicion=why)
    honest = judged("honest", "logistic", 2, 0.6, 0.6)
    assert decided(leaky, honest) == {
        "leaky": ("not_eligible", why),
        "honest": ("champion", f"{FIGURE} 0.6000"),
    }
    assert statuses(leaky) == {"leaky": "not_eligible"}
    # A later fit of its family takes its place, like that of any other.
    again = judged("again", "boosting", 3, 0.58, 0.59)
    assert statuses(replace(leaky, status="not_eligible"), honest, again) == {
        "leaky": "retired", "honest": "champion", "again": "challenger"
    }  # fmt: skip


def test_the_reason_of_a_champion_compares_it_with_no_figure_too_good_to_be_true():
    why = "suspected leak: ROC AUC 0.9900 in cross-validation, expected at most 0.75"
    leaky = judged("leaky", "logistic", 1, 0.99, 0.99, suspicion=why)
    refused = judged("refused", "boosting", 2, 0.61, 0.6, refusal="not calibrated")
    best, next_best = judged("best", "additive", 3, 0.6, 0.6), judged("next", "bg_nbd", 4, 0.5, 0.5)
    (_, reason) = decided(leaky, refused, best, next_best)["best"]
    assert reason == f"{FIGURE} 0.6000, beside boosting 0.6100, bg_nbd 0.5000"


def test_a_new_fit_that_is_worse_on_the_same_test_is_a_challenger_and_both_figures_are_said():
    old = judged("old", "logistic", 1, 0.58, 0.60, status="champion")
    new = judged("new", "logistic", 2, 0.62, 0.59)
    comparison = "on the test of 2018-03-01 new reaches 0.5900, old 0.6000"
    assert decided(old, new) == {
        "old": ("champion", f"{FIGURE} 0.5800, beside logistic 0.6200; stays: {comparison}"),
        "new": ("challenger", f"{FIGURE} 0.6200; {comparison}"),
    }


def test_a_new_fit_that_is_as_good_on_the_same_test_takes_the_place():
    old = judged("old", "logistic", 1, 0.62, 0.60, status="champion")
    new = judged("new", "logistic", 2, 0.58, 0.60)
    assert decided(old, new) == {
        "old": ("retired", "replaced by new"),
        "new": (
            "champion",
            f"{FIGURE} 0.5800, the only family; "
            "on the test of 2018-03-01 new reaches 0.6000, old 0.6000",
        ),
    }


def test_the_incumbent_is_held_to_the_test_of_the_new_fit():
    old = judged(
        "old", "logistic", 1, 0.6, 0.70, status="champion",
        test_date="2017-09-01", test_qualities={"2017-09-01": 0.70, MARCH: 0.58},
    )  # fmt: skip
    assert statuses(old, judged("new", "logistic", 2, 0.6, 0.59))["new"] == "champion"
    assert statuses(old, judged("new", "logistic", 2, 0.6, 0.57))["old"] == "champion"


def test_the_latest_fit_of_its_family_stands_in_for_an_incumbent_without_a_figure():
    old = judged(
        "old", "logistic", 1, 0.6, 0.6, status="champion",
        test_date="2017-09-01", test_qualities={"2017-09-01": 0.7},
    )  # fmt: skip
    boosting = judged("boosting", "boosting", 2, 0.62, 0.58)
    refit = judged("refit", "logistic", 3, 0.60, 0.59)
    decisions = decided(old, boosting, refit)
    assert {name: status for name, (status, _) in decisions.items()} == {
        "old": "retired", "boosting": "challenger", "refit": "champion"
    }  # fmt: skip
    assert "boosting reaches 0.5800, refit 0.5900" in decisions["boosting"][1]
    assert "so the newer fit wins" in decisions["refit"][1]
    assert statuses(old, replace(boosting, test_qualities={MARCH: 0.59}), refit) == {
        "old": "retired", "boosting": "champion", "refit": "challenger"
    }  # fmt: skip


def test_where_there_is_nothing_to_compare_the_newer_fit_wins_and_says_so():
    old = judged(
        "old", "logistic", 1, 0.6, 0.6, status="champion",
        test_date="2017-09-01", test_qualities={"2017-09-01": 0.7},
    )  # fmt: skip
    new = judged("new", "logistic", 2, 0.5, 0.5)
    status, why = decided(old, new)["new"]
    assert status == "champion"
    assert "not comparable with old" in why
    assert "so the newer fit wins" in why


def test_the_next_best_is_tried():
    old = judged("old", "forest", 1, 0.6, 0.58, status="champion")
    first = judged("first", "boosting", 2, 0.63, 0.57)
    second = judged("second", "additive", 3, 0.61, 0.58)
    assert statuses(old, first, second) == {
        "old": "challenger", "first": "challenger", "second": "champion"
    }  # fmt: skip


def test_the_test_does_not_choose_among_new_fits():
    """Cross-validation does: else the test would be seen, and no longer be the truth."""
    old = judged("old", "forest", 1, 0.60, 0.55, status="champion")
    first = judged("first", "boosting", 2, 0.63, 0.56)
    second = judged("second", "additive", 3, 0.61, 0.60)
    assert statuses(old, first, second)["first"] == "champion"


def test_going_back_to_a_date_gives_what_it_gave():
    here = judged("here", "logistic", 1, 0.6, 0.65, status="champion")
    back = judged("back", "boosting", 2, 0.7, 0.5, as_of_date=date(2018, 3, 1))
    # A build as of March cannot be scored by what was fitted later, however good that is.
    assert statuses(here, back)["back"] == "champion"
    # And forward again: the fit of then is champion again, without a comparison.
    then = judged("then", "logistic", 1, 0.7, 0.5, status="champion", as_of_date=date(2018, 3, 1))
    now = judged("now", "boosting", 2, 0.8, 0.4)
    assert statuses(then, now)["then"] == "champion"
    assert statuses(then, replace(now, was_champion=True))["now"] == "champion"
    # As of the same date it is no going back: it lost its place to a better one.
    again = replace(back, was_champion=True, as_of_date=DAY)
    assert statuses(here, again)["here"] == "champion"


@pytest.mark.parametrize("purpose", ["segmentation", "churn"])
def test_what_was_rolled_back_stays_so_and_is_not_what_replaces_the_champion(purpose):
    kept = replace(judged("kept", "logistic", 1, 0.5, 0.5, status="champion"), purpose=purpose)
    gone = replace(judged("gone", "logistic", 2, 0.9, 0.9, is_rolled_back=True), purpose=purpose)
    if purpose == "segmentation":
        kept, gone = (replace(model, test_date=None, test_qualities={}) for model in (kept, gone))
    decisions = decided(kept, gone)
    assert decisions["gone"] == ("retired", "rolled back by hand")
    assert decisions["kept"][0] == "champion"


def test_a_champion_stays_where_all_that_is_newer_is_refused():
    old = judged("old", "logistic", 1, 0.6, 0.6, status="champion")
    new = judged("new", "logistic", 2, 0.9, 0.9, refusal="too good to be true")
    assert decided(old, new) == {
        "old": (
            "champion", f"{FIGURE} 0.6000, beside logistic 0.9000; stays: what is newer is refused"
        ),
        "new": ("challenger", "refused: too good to be true"),
    }  # fmt: skip


def test_a_champion_that_is_refused_by_now_defends_nothing():
    old = judged("old", "logistic", 1, 0.6, 0.9, status="champion", refusal="too good to be true")
    new = judged("new", "boosting", 2, 0.5, 0.5)
    assert statuses(old, new) == {"old": "challenger", "new": "champion"}


def test_the_latest_fit_replaces_a_better_former_one():
    old = candidate("old", "logistic", 1, 0.9, status="champion")
    new = candidate("new", "logistic", 2, 0.6)
    assert [(d.status, d.status_reason) for d in decide_statuses([old, new])] == [
        ("retired", "replaced by new"),
        ("champion", f"{FIGURE} 0.6000, the only family"),
    ]


def test_quality_decides_between_families_and_the_reasons_give_the_numbers():
    gmm = candidate("g", "gmm", 1, 0.25, "segmentation", "champion")
    kmeans = candidate("k", "kmeans", 2, 0.31, "segmentation")
    assert [(d.status, d.status_reason) for d in decide_statuses([gmm, kmeans])] == [
        ("challenger", "silhouette 0.2500, not above k"),
        ("champion", "silhouette 0.3100, beside gmm 0.2500"),
    ]


def test_a_tie_goes_to_the_first_family_in_the_alphabet_even_against_the_champion():
    kmeans = candidate("k", "kmeans", 1, 0.3, "segmentation", "champion")
    gmm = candidate("g", "gmm", 2, 0.3, "segmentation")
    assert [d.status for d in decide_statuses([kmeans, gmm])] == ["challenger", "champion"]


@pytest.mark.parametrize("unknown", [math.nan, -math.inf])
def test_a_model_without_a_known_quality_yields_to_any_other(unknown):
    gmm = candidate("g", "gmm", 2, unknown, "segmentation")
    kmeans = candidate("k", "kmeans", 1, -0.9, "segmentation")
    assert [d.status for d in decide_statuses([gmm, kmeans])] == ["challenger", "champion"]


def test_purposes_do_not_compete():
    churn = candidate("c", "logistic", 1, 0.55)
    segments = candidate("s", "kmeans", 2, 0.99, "segmentation")
    assert [d.status for d in decide_statuses([churn, segments])] == ["champion", "champion"]


def test_without_candidates_there_is_nothing_to_decide():
    assert decide_statuses([]) == []


def test_a_purpose_that_no_metric_decides_on_is_refused():
    assert "baskets" not in PURPOSES
    with pytest.raises(ValueError, match=r"purpose among segmentation, churn, got 'baskets' of b"):
        decide_statuses([candidate("b", "rules", 1, 0.5, "baskets")])


def test_what_is_refused_is_never_champion_however_good():
    better = replace(candidate("a", "gmm", 1, 0.9, "segmentation"), refusal="bins of recency_days")
    worse = candidate("b", "kmeans", 2, 0.3, "segmentation")
    refused, chosen = decide_statuses([better, worse])
    assert (refused.status, refused.status_reason) == (
        "challenger", "refused: bins of recency_days"
    )  # fmt: skip
    assert chosen.status == "champion"
    assert "beside gmm 0.9000" in chosen.status_reason


def test_a_purpose_of_which_all_are_refused_has_no_champion():
    one = replace(candidate("a", "gmm", 1, 0.9, "segmentation"), refusal="too small")
    other = replace(candidate("b", "kmeans", 2, 0.8, "segmentation"), refusal="not stable")
    assert [decision.status for decision in decide_statuses([one, other])] == [
        "challenger",
        "challenger",
    ]


def test_a_refused_successor_retires_the_former_champion_of_its_family():
    former = replace(candidate("a", "kmeans", 1, 0.5, "segmentation"), status="champion")
    latest = replace(candidate("b", "kmeans", 2, 0.9, "segmentation"), refusal="not stable")
    assert [decision.status for decision in decide_statuses([former, latest])] == [
        "retired",
        "challenger",
    ]


def test_the_champion_says_its_evidence():
    chosen = replace(candidate("a", "kmeans", 1, 0.5, "segmentation"), evidence="rank 1 of 2")
    assert decide_statuses([chosen])[0].status_reason.endswith("the only family; rank 1 of 2")

"""The registry: an id says what was fitted, and one model per purpose is champion."""

import math
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evaluation import Metric
from ml.parameters import ParameterRow
from ml.registry import DECIDING_METRIC, Candidate, FittedModel, decide_statuses

DAY = date(2018, 8, 30)
MODEL = FittedModel(
    purpose="churn",
    family="logistic",
    as_of_date=DAY,
    row_count=100,
    feature_count=2,
    settings={"seed": 1, "inverse_regularization": 0.01, "training_dates": ["2017-09-01"]},
    code_version="0.1.0",
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


def known(quality):
    return -math.inf if math.isnan(quality) else quality


@settings(deadline=None)
@given(candidate_lists())
def test_there_is_one_champion_per_purpose_and_one_live_model_per_family(candidates):
    decisions = decide_statuses(candidates)
    assert [decision.model_id for decision in decisions] == [each.model_id for each in candidates]
    status = {decision.model_id: decision.status for decision in decisions}
    for purpose in {each.purpose for each in candidates}:
        of_purpose = [each for each in candidates if each.purpose == purpose]
        live = [each for each in of_purpose if status[each.model_id] != "retired"]
        champions = [each for each in of_purpose if status[each.model_id] == "champion"]

        assert len(champions) == 1
        assert sorted(each.family for each in live) == sorted({each.family for each in of_purpose})
        for each in live:
            family = [other for other in of_purpose if other.family == each.family]
            assert each.trained_order == max(other.trained_order for other in family)
        best = max(known(each.quality) for each in live)
        first = min(each.family for each in live if known(each.quality) == best)
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
        replace(each, status=decisions[each.model_id].status)
        for each in candidates
        if decisions[each.model_id].status != "retired"
    ]
    for decision in decide_statuses(live):
        assert decision.status == decisions[decision.model_id].status


def test_the_latest_fit_replaces_a_better_former_one():
    old = candidate("old", "logistic", 1, 0.9, status="champion")
    new = candidate("new", "logistic", 2, 0.6)
    assert [(d.status, d.status_reason) for d in decide_statuses([old, new])] == [
        ("retired", "replaced by new"),
        ("champion", "roc_auc 0.6000, the only family"),
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
    assert "baskets" not in DECIDING_METRIC
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
    assert [each.status for each in decide_statuses([one, other])] == ["challenger", "challenger"]


def test_a_refused_successor_retires_the_former_champion_of_its_family():
    former = replace(candidate("a", "kmeans", 1, 0.5, "segmentation"), status="champion")
    latest = replace(candidate("b", "kmeans", 2, 0.9, "segmentation"), refusal="not stable")
    assert [each.status for each in decide_statuses([former, latest])] == ["retired", "challenger"]


def test_the_champion_says_its_evidence():
    chosen = replace(candidate("a", "kmeans", 1, 0.5, "segmentation"), evidence="rank 1 of 2")
    assert decide_statuses([chosen])[0].status_reason.endswith("the only family; rank 1 of 2")

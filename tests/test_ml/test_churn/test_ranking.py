"""Ranks: by hand, and by scikit-learn."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from ml.churn.ranking import Ranking, lift_in_best_share, roc_area


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


# --- the area under the curve -------------------------------------------------------------------


def area(is_returning, score, weights):
    return roc_area(*Ranking.of(is_returning, score).accumulate(weights))


@st.composite
def weighted_rows(draw):
    """Labels, scores with many ties, and weights of which some are 0."""
    count = draw(st.integers(2, 40))
    rows = st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 4))
    labels, scores, weights = zip(
        *draw(st.lists(rows, min_size=count, max_size=count)), strict=True
    )
    return np.array(labels), np.array(scores) / 7, np.array(weights, dtype=np.float64)


@settings(deadline=None)
@given(weighted_rows())
def test_the_weighted_area_is_that_of_scikit_learn(rows):
    is_returning, score, weights = rows
    assume(weights[is_returning].sum() > 0)
    assume(weights[~is_returning].sum() > 0)
    expected = roc_auc_score(is_returning, score, sample_weight=weights)
    assert area(is_returning, score, weights) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(weighted_rows())
def test_a_weight_of_three_counts_like_three_rows(rows):
    is_returning, score, weights = rows
    times = weights.astype(int)
    repeated = is_returning.repeat(times), score.repeat(times)
    assume(repeated[0].any())
    assume(not repeated[0].all())
    expected = area(*repeated, np.ones(len(repeated[0])))
    assert area(is_returning, score, weights) == pytest.approx(expected, abs=1e-12)


def test_the_area_is_the_share_of_pairs_in_the_right_order_and_ties_count_half():
    # Returning at 3 and 2, lost at 2 and 1: of 4 pairs 3 are right and 1 is tied.
    is_returning = np.array([True, True, False, False])
    assert area(is_returning, np.array([3.0, 2.0, 2.0, 1.0]), np.ones(4)) == 3.5 / 4


def test_the_area_is_unknown_where_a_class_has_no_weight():
    is_returning = np.array([True, False])
    assert np.isnan(area(is_returning, np.array([1.0, 2.0]), np.array([0.0, 1.0])))


# --- lift ---------------------------------------------------------------------------------------


def test_a_perfect_ranking_lifts_by_one_over_the_return_rate_until_none_is_left():
    is_returning = np.arange(20) < 4
    score = -np.arange(20.0)
    assert lift_in_best_share(is_returning, score, 0.1) == pytest.approx(5.0)
    assert lift_in_best_share(is_returning, score, 0.2) == pytest.approx(5.0)
    # Among the best 8 are all 4: a rate of a half, over one fifth.
    assert lift_in_best_share(is_returning, score, 0.4) == pytest.approx(2.5)
    assert lift_in_best_share(is_returning, -score, 0.5) == 0.0


def test_ties_at_the_border_are_averaged():
    # The best 2 of 10 are drawn from 4 tied rows of which 2 return: 1 is expected, so a rate of a
    # half, over three tenths.
    score = np.array([9.0, 9, 9, 9, 5, 4, 3, 2, 1, 0])
    is_returning = np.array([True, True, False, False, False, False, True, False, False, False])
    assert lift_in_best_share(is_returning, score, 0.2) == pytest.approx(0.5 / 0.3)


def test_a_share_may_cut_a_customer_in_two():
    # A tenth of 15 is 1.5 rows: the first returns, the second does not.
    is_returning = np.arange(15) % 3 == 0
    lift = lift_in_best_share(is_returning, -np.arange(15.0))
    assert lift == pytest.approx((1 / 1.5) / (5 / 15))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=5, max_size=5),
    st.integers(1, 5),
)
def test_lift_is_the_mean_over_all_orders_of_tied_rows(rows, taken):
    is_returning = np.array([label for label, _ in rows])
    score = np.array([float(value) for _, value in rows])
    assume(is_returning.any())
    rates = [
        is_returning[sorted(range(5), key=lambda row: (-score[row], order[row]))[:taken]].mean()
        for order in permutations(range(5))
    ]
    expected = np.mean(rates) / is_returning.mean()
    assert lift_in_best_share(is_returning, score, taken / 5) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.01, 1.0))
def test_a_score_that_is_the_same_for_all_lifts_nothing(labels, share):
    is_returning = np.array(labels)
    assume(is_returning.any())
    assert lift_in_best_share(is_returning, np.ones(len(labels)), share) == pytest.approx(1.0)

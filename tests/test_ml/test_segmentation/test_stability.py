"""Agreement of segmentations: scikit-learn's figures, ids that last, and who moved over time."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix
from threadpoolctl import threadpool_limits

from ml.families.kmeans import fit_kmeans, predict_kmeans
from ml.features import FeatureMatrix, FeatureRule
from ml.segmentation.agreement import (
    StabilityError,
    adjusted_rand,
    bootstrap_band,
    contingency,
    jaccard_per_segment,
)
from ml.segmentation.matching import match_segments
from ml.segmentation.stability import agreement_over_time


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def label_pairs(max_segments=5):
    segment = st.integers(0, max_segments - 1)
    return st.lists(st.tuples(segment, segment), min_size=1, max_size=60).map(
        lambda pairs: tuple(np.array(pairs).T)
    )


@given(label_pairs())
def test_the_adjusted_rand_index_is_scikit_learns(labels):
    assert adjusted_rand(contingency(*labels)) == pytest.approx(
        adjusted_rand_score(*labels), abs=1e-12
    )


@given(label_pairs())
def test_a_contingency_table_is_scikit_learns_without_empty_segments(labels):
    table = contingency(*labels)
    assert table.shape == (labels[0].max() + 1, labels[1].max() + 1)
    occupied = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    assert np.array_equal(occupied, contingency_matrix(*labels))


def test_a_worked_example_has_its_published_index():
    # Yeung and Ruzzo (2001), Details of the adjusted Rand index and clustering algorithms, table 2:
    # (7 - 14 * 13 / 45) / ((14 + 13) / 2 - 14 * 13 / 45).
    table = np.array([[1, 1, 0], [1, 2, 1], [0, 0, 4]])
    assert adjusted_rand(table) == pytest.approx(0.313, abs=5e-4)


@given(label_pairs())
def test_jaccard_is_that_of_sets(labels):
    reference, other = (
        [{*np.flatnonzero(side == segment)} for segment in range(side.max() + 1)] for side in labels
    )
    expected = [
        max(len(mine & theirs) / max(len(mine | theirs), 1) for theirs in other)
        for mine in reference
    ]
    np.testing.assert_allclose(jaccard_per_segment(*labels), expected)


@given(label_pairs(), st.permutations(range(5)))
def test_the_numbers_of_segments_do_not_matter(labels, renamed):
    names = np.array(renamed)
    np.testing.assert_allclose(
        jaccard_per_segment(labels[0], names[labels[1]]), jaccard_per_segment(*labels)
    )
    assert adjusted_rand(contingency(labels[0], names[labels[0]])) == 1.0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 1], [0, 1, 1], r"same customers on both sides, got shapes \(2,\) and \(3,\)"),
        ([], [], r"got shapes \(0,\) and \(0,\)"),
        ([0, 1], [0, -1], r"numbered from 0, got -1; give noise a number"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(a, b, expected):
    with pytest.raises(StabilityError, match=expected):
        contingency(np.array(a, dtype=np.int64), np.array(b, dtype=np.int64))


def test_the_band_is_that_of_customers_drawn_one_by_one():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < 0.7, a, rng.integers(0, 3, 400))
    one_by_one = []
    for _ in range(1_000):
        rows = rng.integers(0, 400, 400)
        one_by_one.append(adjusted_rand_score(a[rows], b[rows]))
    low, high = bootstrap_band(contingency(a, b), resample_count=1_000, seed=1)
    # The standard error of such a percentile is 0.004 here; two of them differ by 4 of it at most.
    assert (low, high) == pytest.approx(np.percentile(one_by_one, [2.5, 97.5]), abs=0.02)
    assert low < adjusted_rand(contingency(a, b)) < high


def test_the_band_heeds_its_seed_and_narrows_with_customers():
    table = np.array([[30, 10], [5, 55]])
    assert bootstrap_band(table, seed=1) == bootstrap_band(table, seed=1)
    assert bootstrap_band(table, seed=1) != bootstrap_band(table, seed=2)
    few, many = (np.ptp(bootstrap_band(table * times)) for times in (1, 100))
    # The spread goes with the root of the number: a tenth.
    assert many == pytest.approx(few / 10, rel=0.2)


def test_a_band_of_nobody_is_refused():
    with pytest.raises(StabilityError, match=r"one or more customers, got none"):
        bootstrap_band(np.zeros((2, 2), dtype=np.int64))


PLACES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
LABELS = np.repeat(range(4), [40, 30, 20, 10])


@given(st.permutations(range(4)))
def test_a_refit_that_only_renumbers_changes_no_id(order):
    new_labels = np.argsort(order)[LABELS]
    match = match_segments(
        PLACES, PLACES[order], LABELS, new_labels, former_ids=[3, 9, 1, 5], next_free_id=10
    )
    assert match.lasting_ids == tuple(np.array([3, 9, 1, 5])[order])
    assert match.jaccard == dict.fromkeys([3, 9, 1, 5], 1.0)
    assert all(match.persists.values())
    assert (match.gone_ids, match.next_free_id) == ((), 10)


def test_a_split_segment_goes_on_in_its_larger_part_and_the_other_is_new():
    new_labels = LABELS.copy()
    new_labels[:12] = 4  # 12 of the 40 of segment 0
    centroids = np.vstack([PLACES, [[1.0, 1.0]]])
    match = match_segments(
        PLACES, centroids, LABELS, new_labels, former_ids=[0, 1, 2, 3], next_free_id=6
    )
    assert match.lasting_ids == (0, 1, 2, 3, 6)
    assert match.jaccard == {0: 0.7, 1: 1.0, 2: 1.0, 3: 1.0, 6: 0.0}
    assert match.persists == {0: True, 1: True, 2: True, 3: True, 6: False}
    assert (match.gone_ids, match.next_free_id) == ((), 7)


def test_of_merged_segments_the_larger_goes_on_and_the_other_is_gone():
    merged = np.minimum(LABELS, 2)  # 20 of segment 2 and 10 of segment 3
    match = match_segments(
        PLACES, PLACES[:3], LABELS, merged, former_ids=[0, 1, 2, 3], next_free_id=4
    )
    assert match.lasting_ids == (0, 1, 2)
    assert match.jaccard[2] == pytest.approx(20 / 30)
    assert (match.gone_ids, match.next_free_id) == ((3,), 4)


@pytest.mark.parametrize(("min_shared", "expected"), [(0.2, (0, 1)), (0.21, (2, 3))])
def test_a_segment_that_shares_too_little_is_a_new_one(min_shared, expected):
    # Each shares 4 of 20 different customers with either: (4 / (12 + 12 - 4)) is 0.2.
    former = np.repeat([0, 1, 0, 1], [4, 8, 8, 4])
    new = np.repeat([0, 0, 1, 1], [4, 8, 8, 4])
    match = match_segments(
        PLACES[:2],
        PLACES[:2],
        former,
        new,
        former_ids=[0, 1],
        next_free_id=2,
        min_shared=min_shared,
    )
    assert match.lasting_ids == expected
    assert match.gone_ids == ((0, 1) if expected == (2, 3) else ())


def test_where_members_say_nothing_the_nearest_centroid_decides():
    former, new = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    match = match_segments(
        PLACES[:2], PLACES[[1, 0]], former, new, former_ids=[0, 1], next_free_id=2
    )
    assert match.lasting_ids == (1, 0)


def test_a_segment_that_nobody_is_in_any_more_is_gone():
    labels = np.zeros(10, dtype=np.int64)
    match = match_segments(
        PLACES[:2], PLACES[:2], labels, labels, former_ids=[0, 1], next_free_id=2
    )
    assert match.lasting_ids == (0, 2)
    assert match.gone_ids == (1,)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"new_centroids": np.zeros((4, 3))}, r"the same features on both sides, got shapes \(4, "),
        ({"former_ids": [0, 1, 2]}, r"a different id for each of 4 former segments, got \[0, 1, 2"),
        ({"former_ids": [0, 1, 2, 2]}, r"a different id for each of 4 former segments"),
        ({"next_free_id": 3}, r"a next free id above 3, got 3; an id that was used"),
        ({"new_centroids": PLACES[:2]}, r"labels below 4 and 2.*got up to 3 and 3"),
    ],
)
def test_segments_that_cannot_be_matched_are_refused(changes, expected):
    arguments = {
        "former_centroids": PLACES,
        "new_centroids": PLACES,
        "former_labels": LABELS,
        "new_labels": LABELS,
        "former_ids": [0, 1, 2, 3],
        "next_free_id": 4,
    }
    with pytest.raises(StabilityError, match=expected):
        match_segments(**(arguments | changes))


NAMES = ("paid_amount", "recency_days")
LATER = date(2018, 3, 1)


def customers(seed=0):
    rng = np.random.default_rng(seed)
    places = PLACES[rng.integers(0, 4, 200)] * 10
    return FeatureMatrix(NAMES, places + rng.normal(0, 1, (200, 2)))


def fit(matrix):
    model = fit_kmeans(matrix, [FeatureRule(name) for name in NAMES], segment_count=4)
    return lambda other: predict_kmeans(model, other)


def agreement(first, later):
    return agreement_over_time(first, {LATER: later}, fit)[LATER]


def test_where_nothing_changed_all_agrees():
    result = agreement(customers(), customers())
    assert (result.frozen_with_refit, result.then_with_now, result.total) == (1.0, 1.0, 1.0)
    assert np.array_equal(result.table, np.diag(result.table.diagonal()))


def test_customers_who_trade_places_moved_and_no_border_did():
    # Every other customer takes the place of the next: the same points, the same borders.
    first = customers()
    order = np.arange(200)
    order[::2] = np.roll(order[::2], 1)
    result = agreement(first, FeatureMatrix(NAMES, first.values[order]))
    segments = fit(first)(first)
    expected = adjusted_rand_score(segments, segments[order])
    assert result.frozen_with_refit == 1.0
    assert result.then_with_now == result.total == pytest.approx(expected)
    assert expected < 0.6
    assert result.migration.sum() == result.customer_count == 200


def test_where_everybody_ages_the_borders_move_with_them():
    # All pass the frozen border of recency: it tells two segments of four apart no more. The refit
    # finds the four again.
    first = customers()
    result = agreement(first, FeatureMatrix(NAMES, first.values + np.array([0.0, 100.0])))
    two_of_four = first.values[:, 0] > 50
    expected = adjusted_rand_score(fit(first)(first), two_of_four)
    assert result.total == 1.0
    assert result.then_with_now == result.frozen_with_refit == pytest.approx(expected)


def test_customers_who_came_since_shape_the_refit_and_are_not_compared():
    first, newcomers = customers(), customers(1)
    far = FeatureMatrix(NAMES, np.vstack([first.values, newcomers.values + 1_000]))
    result = agreement(first, far)
    assert result.customer_count == result.table.sum() == 200
    assert result.then_with_now == 1.0
    model, refit = fit(first), fit(far)
    expected = adjusted_rand_score(model(far), refit(far))
    assert result.frozen_with_refit_of_all == pytest.approx(expected)
    assert result.frozen_with_refit < 0.7  # with 4 segments for 8 places, 2 for those of the first


def test_dates_that_do_not_fit_are_named():
    first = customers()
    with pytest.raises(StabilityError, match=r"the 200 customers .* of 2018-03-01, got 150 rows"):
        agreement(first, FeatureMatrix(NAMES, first.values[:150]))
    with pytest.raises(StabilityError, match=r"at 2018-03-01, got recency_days, paid_amount; read"):
        agreement(first, FeatureMatrix(NAMES[::-1], first.values))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_a_refit_of_the_same_customers_with_another_seed_keeps_all_ids(seed):
    matrix = customers(seed)
    rules = [FeatureRule(name) for name in NAMES]
    one, two = (fit_kmeans(matrix, rules, segment_count=4, seed=number) for number in (0, seed + 1))
    match = match_segments(
        one.centroids,
        two.centroids,
        predict_kmeans(one, matrix),
        predict_kmeans(two, matrix),
        former_ids=range(4),
        next_free_id=4,
    )
    assert sorted(match.lasting_ids) == [0, 1, 2, 3]
    assert all(match.persists.values())

"""Metrics of segments: by hand, and by scikit-learn."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from threadpoolctl import threadpool_limits

from ml.segmentation.evaluation import evaluate_segments


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


def values_of(metrics):
    assert all(metric.split == "train" for metric in metrics)
    return {metric.metric_name: metric.metric_value for metric in metrics}


def test_two_pairs_on_a_line_have_the_metrics_that_come_out_by_hand():
    # 0 and 2, 10 and 12. Between: 4 rows 5 from the middle; within: 4 rows 1 from their mean.
    # Silhouette of an outer row: own 2, other 11; of an inner row: own 2, other 9.
    scaled = np.array([[0.0], [2.0], [10.0], [12.0]])
    metrics = values_of(evaluate_segments(scaled, np.array([0, 0, 1, 1])))
    assert metrics["calinski_harabasz"] == pytest.approx((100 / 1) / (4 / 2))
    assert metrics["silhouette"] == pytest.approx((9 / 11 + 7 / 9) / 2)
    assert metrics["davies_bouldin"] == pytest.approx((1 + 1) / 10)
    assert metrics["smallest_segment_share"] == 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(10, 80))
def test_segment_metrics_are_those_of_scikit_learn(seed, segment_count, rows):
    rng = np.random.default_rng(seed)
    scaled = rng.normal(size=(rows, 3))
    segment_ids = rng.integers(0, segment_count, rows)
    assume(len(np.unique(segment_ids)) > 1)
    assert values_of(evaluate_segments(scaled, segment_ids)) == {
        "smallest_segment_share": np.unique(segment_ids, return_counts=True)[1].min() / rows,
        "silhouette": pytest.approx(silhouette_score(scaled, segment_ids)),
        "calinski_harabasz": pytest.approx(calinski_harabasz_score(scaled, segment_ids)),
        "davies_bouldin": pytest.approx(davies_bouldin_score(scaled, segment_ids)),
    }


def test_the_silhouette_of_a_sample_comes_near_that_of_all_rows():
    rng = np.random.default_rng(0)
    segment_ids = rng.integers(0, 3, 2000)
    scaled = rng.normal(size=(2000, 2)) + 3 * segment_ids[:, None]
    truth = silhouette_score(scaled, segment_ids)
    sampled, same, other = (
        values_of(evaluate_segments(scaled, segment_ids, sample_size=500, seed=seed))
        for seed in (1, 1, 2)
    )
    assert sampled == same
    assert sampled["silhouette"] != other["silhouette"]
    assert sampled["silhouette"] != truth
    assert sampled["silhouette"] == pytest.approx(truth, abs=0.04)
    assert sampled["calinski_harabasz"] == calinski_harabasz_score(scaled, segment_ids)


def test_a_segment_without_customers_counts_for_nothing():
    scaled = np.array([[0.0], [2.0], [10.0], [12.0], [12.0]])
    with_gap = evaluate_segments(scaled, np.array([0, 0, 3, 3, 3]))
    assert with_gap == evaluate_segments(scaled, np.array([0, 0, 1, 1, 1]))
    assert values_of(with_gap)["smallest_segment_share"] == pytest.approx(2 / 5)


@pytest.mark.parametrize("segment_ids", [[0, 0, 0], [2, 2, 2], [0, 1, 2]])
def test_one_segment_for_all_or_one_for_each_has_no_quality(segment_ids):
    metrics = values_of(evaluate_segments(np.array([[0.0], [1.0], [5.0]]), np.array(segment_ids)))
    assert metrics == {"smallest_segment_share": pytest.approx(1 / len(set(segment_ids)))}


def test_a_sample_that_sees_one_segment_only_has_no_silhouette():
    segment_ids = np.array([0] * 999 + [1])
    scaled = np.arange(1000.0)[:, None]
    metrics = values_of(evaluate_segments(scaled, segment_ids, sample_size=5))
    assert set(metrics) == {"smallest_segment_share", "calinski_harabasz", "davies_bouldin"}

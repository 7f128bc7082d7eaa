"""KMeans: blobs are found, published numbers come out, rows rebuild the model."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from ml.families.kmeans import (
    KMeansModel,
    fit_kmeans,
    from_rows,
    predict_kmeans,
    to_rows,
    with_segment_ids,
)
from ml.features import FeatureMatrix, FeatureRule, Preprocessing


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


BLOB_SIZES = (20, 60, 40)
BLOB_CENTERS = ((0.0, 0.0), (50.0, 0.0), (0.0, 80.0))


def blobs():
    rng = np.random.default_rng(5)
    values = [
        rng.normal(center, 1.0, (size, 2))
        for size, center in zip(BLOB_SIZES, BLOB_CENTERS, strict=True)
    ]
    labels = np.repeat([2, 0, 1], BLOB_SIZES)  # by size, the largest first
    return FeatureMatrix(("a", "b"), np.concatenate(values)), labels


def unscaled(centroids):
    names = tuple("abcd"[: len(centroids[0])])
    width = len(names)
    preprocessing = Preprocessing(
        names, np.zeros(width, bool), np.full(width, np.nan), np.zeros(width), np.ones(width)
    )
    return KMeansModel(preprocessing, np.array(centroids))


def random_customers(seed, rows=300):
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [rng.integers(1, 6, rows), rng.lognormal(4, 1, rows), rng.uniform(0, 600, rows)]
    ).astype(np.float64)
    values[rng.random(rows) < 0.2, 0] = np.nan
    return FeatureMatrix(("average_review_score", "paid_amount", "recency_days"), values)


RULES = (
    FeatureRule("recency_days"),
    FeatureRule("paid_amount", "log1p"),
    FeatureRule("average_review_score", null_rule="median"),
)


def test_well_separated_blobs_are_found_exactly():
    matrix, labels = blobs()
    model = fit_kmeans(matrix, [FeatureRule("a"), FeatureRule("b")], segment_count=3, seed=1)
    assert predict_kmeans(model, matrix).tolist() == labels.tolist()


def test_centroids_are_the_means_of_their_scaled_members():
    matrix, labels = blobs()
    model = fit_kmeans(matrix, [FeatureRule("a"), FeatureRule("b")], segment_count=3)
    scaled = StandardScaler().fit_transform(matrix.values)
    expected = [scaled[labels == segment].mean(axis=0) for segment in range(3)]
    np.testing.assert_allclose(model.centroids, expected, rtol=1e-9, atol=1e-12)


def test_segments_are_numbered_by_size_whatever_the_seed():
    matrix = random_customers(0)
    for seed in range(4):
        model = fit_kmeans(matrix, RULES, segment_count=4, seed=seed)
        sizes = np.bincount(predict_kmeans(model, matrix), minlength=4)
        assert sizes.tolist() == sorted(sizes, reverse=True)


def test_the_irises_fall_into_three_segments_of_the_published_sizes_and_sums_of_squares():
    # R's kmeans(scale(iris[, -5]), 3): 50, 53 and 47 irises; 47.35062, 44.08754 and 47.45019,
    # for instance in Durham University's MDS-DEVUL lab 6. R scales by the sample deviation.
    names = ("a", "b", "c", "d")
    matrix = FeatureMatrix(names, load_iris().data)
    model = fit_kmeans(matrix, [FeatureRule(name) for name in names], segment_count=3)
    segment_ids = predict_kmeans(model, matrix)
    assert np.bincount(segment_ids).tolist() == [53, 50, 47]
    squares = (model.preprocessing.apply(matrix) - model.centroids[segment_ids]) ** 2
    within = np.bincount(segment_ids, weights=squares.sum(axis=1)) * 149 / 150
    np.testing.assert_allclose(within, [44.08754, 47.35062, 47.45019], atol=5e-6)


@pytest.mark.parametrize("seed", range(3))
def test_segments_are_those_of_a_scikit_learn_pipeline(seed):
    train, later = random_customers(seed), random_customers(seed + 100)
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("score", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), [0]),
                ("amount", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), [1]),
                ("days", StandardScaler(), [2]),
            ]
        ),
        KMeans(n_clusters=4, n_init=10, random_state=seed),
    ).fit(train.values)
    by_size = np.argsort(-np.bincount(pipeline[-1].labels_))
    number = {int(segment): position for position, segment in enumerate(by_size)}

    model = fit_kmeans(train, RULES, segment_count=4, seed=seed)
    expected = [number[int(segment)] for segment in pipeline.predict(later.values)]
    assert predict_kmeans(model, later).tolist() == expected
    np.testing.assert_allclose(
        model.centroids, pipeline[-1].cluster_centers_[by_size], rtol=1e-9, atol=1e-9
    )


POINTS = st.tuples(*[st.integers(-1000, 1000).map(lambda value: value / 10)] * 2)


@settings(deadline=None)
@given(st.lists(POINTS, min_size=2, max_size=6), st.lists(POINTS, min_size=1, max_size=6))
def test_each_row_goes_to_a_nearest_centroid(centroids, points):
    model = unscaled(centroids)
    segment_ids = predict_kmeans(model, FeatureMatrix(("a", "b"), np.array(points)))
    for point, segment in zip(points, segment_ids, strict=True):
        nearest = min(math.dist(point, centroid) for centroid in centroids)
        assert math.dist(point, centroids[segment]) == pytest.approx(nearest, abs=1e-9)


@settings(deadline=None)
@given(POINTS, st.integers(-1000, 1000).map(lambda value: value / 10))
def test_of_equally_near_centroids_the_lowest_number_wins(centroid, place):
    # (a, b) and (b, a) are mirror images: every point of the diagonal is as near to either. The
    # expanded square that scikit-learn uses breaks one tie in ten the other way.
    model = unscaled([centroid, centroid[::-1]])
    assert predict_kmeans(model, FeatureMatrix(("a", "b"), np.array([[place, place]]))) == [0]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.randoms())
def test_a_model_survives_its_rows_exactly(seed, segment_count, random):
    train, later = random_customers(seed, 60), random_customers(seed + 1, 60)
    model = fit_kmeans(train, RULES, segment_count=segment_count, start_count=1, seed=seed)
    rows = to_rows(model)
    random.shuffle(rows)
    again = from_rows(rows)
    assert np.array_equal(again.centroids, model.centroids)
    assert np.array_equal(predict_kmeans(again, later), predict_kmeans(model, later))


def test_a_centroid_has_one_row_per_segment_and_feature():
    matrix, _ = blobs()
    model = fit_kmeans(matrix, [FeatureRule("a"), FeatureRule("b")], segment_count=3)
    keys = [
        (row.component_id, row.feature_name)
        for row in to_rows(model)
        if row.parameter_name == "centroid"
    ]
    assert keys == [(0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, "a"), (2, "b")]


def test_two_fits_are_the_same_to_the_last_bit():
    matrix = random_customers(7)
    with threadpool_limits(1):
        first = fit_kmeans(matrix, RULES, segment_count=4, seed=9)
        second = fit_kmeans(matrix, RULES, segment_count=4, seed=9)
    assert to_rows(first) == to_rows(second)


def test_the_seed_is_heeded():
    matrix = random_customers(7)
    fits = [
        fit_kmeans(matrix, RULES, segment_count=6, start_count=1, seed=seed).centroids
        for seed in range(5)
    ]
    assert any(not np.array_equal(fits[0], other) for other in fits[1:])


@pytest.mark.parametrize(("segment_count", "rows"), [(1, 120), (0, 120), (4, 3)])
def test_too_few_segments_or_rows_are_refused(segment_count, rows):
    matrix = FeatureMatrix(("a",), np.arange(float(rows))[:, None])
    expected = (
        f"needs 2 or more segments and a row for each, got {segment_count} segments and {rows}"
    )
    with pytest.raises(ValueError, match=expected):
        fit_kmeans(matrix, [FeatureRule("a")], segment_count=segment_count)


def test_rows_that_are_not_a_whole_model_are_refused():
    matrix, _ = blobs()
    rows = to_rows(fit_kmeans(matrix, [FeatureRule("a"), FeatureRule("b")], segment_count=3))
    with pytest.raises(
        ValueError, match=r"expected a row 'centroid' for component 2 and feature b"
    ):
        from_rows(rows[:-1])
    with pytest.raises(ValueError, match=r"expected components with an id, got none"):
        from_rows([row for row in rows if row.parameter_name != "centroid"])


def test_renamed_segments_keep_their_members_and_survive_their_rows():
    matrix, labels = blobs()
    model = fit_kmeans(matrix, [FeatureRule("a"), FeatureRule("b")], segment_count=3)
    renamed = with_segment_ids(model, [9, 2, 4])
    expected = np.array([9, 2, 4])[labels].tolist()
    assert renamed.segment_ids == (2, 4, 9)
    assert predict_kmeans(renamed, matrix).tolist() == expected
    again = from_rows(to_rows(renamed))
    assert again.segment_ids == (2, 4, 9)
    assert predict_kmeans(again, matrix).tolist() == expected
    assert predict_kmeans(with_segment_ids(again, [1, 2, 0]), matrix).tolist() == labels.tolist()


def test_of_equally_near_centroids_the_lowest_id_wins_after_renaming():
    model = with_segment_ids(unscaled([(-1.0, 0.0), (1.0, 0.0)]), [8, 5])
    matrix = FeatureMatrix(("a", "b"), np.array([[0.0, 3.0], [-0.5, 0.0]]))
    assert predict_kmeans(model, matrix).tolist() == [5, 8]


@pytest.mark.parametrize("ids", [[0, 1], [0, 1, 1], [0, 1, -2]])
def test_ids_that_do_not_name_each_segment_are_refused(ids):
    matrix, _ = blobs()
    model = fit_kmeans(matrix, [FeatureRule("a"), FeatureRule("b")], segment_count=3)
    with pytest.raises(ValueError, match="expected 3 distinct ids from 0 up"):
        with_segment_ids(model, ids)

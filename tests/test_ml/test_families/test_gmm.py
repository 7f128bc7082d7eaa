"""Gaussian mixtures: densities are SciPy's, published numbers come out, rows rebuild the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ml.families.gmm import (
    GmmModel,
    fit_gmm,
    from_rows,
    mean_log_likelihood,
    predict_gmm,
    to_rows,
    with_segment_ids,
)
from ml.features import FeatureMatrix, FeatureRule, Preprocessing


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the assets fit; on a busy machine several threads wait for each other."""
    with threadpool_limits(1):
        yield


NAMES = ("a", "b", "c")
RULES = tuple(FeatureRule(name) for name in NAMES)
LEANING = np.array([[2.0, 0.6], [0.6, 1.0]])


def random_rows(seed, rows=300):
    rng = np.random.default_rng(seed)
    first = rng.multivariate_normal([0, 0, 0], [[4, 1, 0], [1, 2, 0], [0, 0, 1]], rows // 2)
    second = rng.multivariate_normal([3, -2, 5], [[1, 0, 0.5], [0, 3, 0], [0.5, 0, 2]], rows // 2)
    return FeatureMatrix(NAMES, np.concatenate([first, second]))


def unscaled(weights, means, covariances):
    width = len(means[0])
    names = NAMES[:width]
    preprocessing = Preprocessing(
        names, np.zeros(width, bool), np.full(width, np.nan), np.zeros(width), np.ones(width)
    )
    # The upper factor U of the inverse covariance U Uᵀ: the inverse of the covariance's own lower
    # factor, turned over.
    factors = [np.linalg.inv(np.linalg.cholesky(covariance)).T for covariance in covariances]
    return GmmModel(preprocessing, np.array(weights), np.array(means), np.array(factors))


@st.composite
def mixtures(draw):
    """Weights, means and covariances of two or three components in two dimensions."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    count = draw(st.integers(2, 3))
    weights = np.sort(rng.dirichlet(np.ones(count)))[::-1]
    roots = rng.normal(size=(count, 2, 2))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(2)
    return weights, rng.normal(0, 3, (count, 2)), covariances, rng.normal(0, 3, (10, 2))


def log_joint(weights, means, covariances, points):
    return np.column_stack(
        [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(points)
            for weight, mean, covariance in zip(weights, means, covariances, strict=True)
        ]
    )


@settings(max_examples=40, deadline=None)
@given(mixtures())
def test_memberships_and_densities_are_those_of_bayes_and_scipy(mixture):
    weights, means, covariances, points = mixture
    model = unscaled(weights, means, covariances)
    matrix = FeatureMatrix(("a", "b"), points)
    joint = log_joint(weights, means, covariances, points)
    total = logsumexp(joint, axis=1)
    np.testing.assert_allclose(
        predict_gmm(model, matrix), np.exp(joint - total[:, None]), rtol=1e-8, atol=1e-12
    )
    assert mean_log_likelihood(model, matrix) == pytest.approx(total.mean(), rel=1e-9, abs=1e-9)


def test_a_mixture_that_one_component_dominates_is_one_normal_distribution():
    covariance = np.array([[2.0, 0.6], [0.6, 1.0]])
    model = unscaled([1 - 1e-12, 1e-12], [[1.0, 2.0], [500.0, 500.0]], [covariance, np.eye(2)])
    points = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, -1.0]])
    matrix = FeatureMatrix(("a", "b"), points)
    expected = multivariate_normal([1.0, 2.0], covariance).logpdf(points).mean()
    assert mean_log_likelihood(model, matrix) == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(predict_gmm(model, matrix), [[1.0, 0.0]] * 3, atol=1e-12)


def test_between_two_equal_components_membership_is_a_half():
    model = unscaled([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [np.eye(2), np.eye(2)])
    # On the axis the log-odds of unit normals at -1 and 1 are 2x.
    matrix = FeatureMatrix(("a", "b"), np.array([[0.0, 7.0], [0.5, 0.0]]))
    np.testing.assert_allclose(predict_gmm(model, matrix)[:, 1], [0.5, 1 / (1 + np.exp(-1))])


def test_well_separated_blobs_are_found_exactly():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(0, 1, (100, 3)), rng.normal(40, 2, (300, 3))])
    matrix = FeatureMatrix(NAMES, values)
    model = fit_gmm(matrix, RULES, component_count=2, seed=4)
    assert predict_gmm(model, matrix).argmax(axis=1).tolist() == [1] * 100 + [0] * 300
    np.testing.assert_allclose(model.weights, [0.75, 0.25], atol=1e-9)
    scaled = StandardScaler().fit_transform(values)
    np.testing.assert_allclose(
        model.means, [scaled[100:].mean(axis=0), scaled[:100].mean(axis=0)], atol=1e-9
    )
    # A component's covariance is that of its members, and the regularization on the diagonal.
    precision = model.precisions_cholesky[0] @ model.precisions_cholesky[0].T
    members = np.cov(scaled[100:], rowvar=False, bias=True) + 1e-3 * np.eye(3)
    np.testing.assert_allclose(np.linalg.inv(precision), members, atol=1e-9)


def test_the_irises_have_the_published_likelihood():
    # Mclust(iris[, 1:4], G = 3, modelNames = "VVV") of R's mclust: log-likelihood -180.1858. EM
    # stops a little below it. Scaling divides a density by the product of the scales.
    names = ("a", "b", "c", "d")
    matrix = FeatureMatrix(names, load_iris().data)
    rules = [FeatureRule(name) for name in names]
    model = fit_gmm(matrix, rules, component_count=3, start_count=5, regularization=1e-6)
    scales = load_iris().data.std(axis=0)
    total = 150 * (mean_log_likelihood(model, matrix) - np.log(scales).sum())
    assert -180.1858 - 0.05 < total < -180.1858 + 0.001


@pytest.mark.parametrize("covariance_type", ["full", "diag", "tied"])
@pytest.mark.parametrize("seed", range(3))
def test_memberships_are_those_of_a_scikit_learn_pipeline(seed, covariance_type):
    train, later = random_rows(seed), random_rows(seed + 50)
    pipeline = make_pipeline(
        StandardScaler(),
        GaussianMixture(
            3,
            covariance_type=covariance_type,
            n_init=2,
            reg_covar=1e-3,
            max_iter=200,
            random_state=seed,
        ),
    ).fit(train.values)
    model = fit_gmm(train, RULES, component_count=3, covariance_type=covariance_type, seed=seed)
    by_weight = np.argsort(-pipeline[-1].weights_)
    np.testing.assert_allclose(
        predict_gmm(model, later), pipeline.predict_proba(later.values)[:, by_weight], atol=1e-9
    )
    assert mean_log_likelihood(model, later) == pytest.approx(pipeline.score(later.values))


def test_memberships_sum_to_1_and_components_are_numbered_by_weight():
    matrix = random_rows(11)
    model = fit_gmm(matrix, RULES, component_count=4)
    memberships = predict_gmm(model, matrix)
    assert memberships.min() >= 0
    np.testing.assert_allclose(memberships.sum(axis=1), 1.0, rtol=1e-12)
    assert model.weights.tolist() == sorted(model.weights, reverse=True)
    assert model.weights.sum() == pytest.approx(1.0, rel=1e-12)
    # At a maximum of the likelihood a weight is the mean membership; EM stops close to it.
    np.testing.assert_allclose(memberships.mean(axis=0), model.weights, atol=0.01)


def test_regularization_keeps_a_component_from_collapsing_onto_one_value():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.ones(300), rng.uniform(5, 9, 100)])
    matrix = FeatureMatrix(("order_count",), values[:, None])
    rules = [FeatureRule("order_count")]
    model = fit_gmm(matrix, rules, component_count=2, regularization=1e-2)
    assert 1 / model.precisions_cholesky.max() ** 2 == pytest.approx(1e-2, rel=1e-3)


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 4),
    st.sampled_from(["full", "diag", "tied"]),
    st.randoms(),
)
def test_a_model_survives_its_rows_exactly(seed, component_count, covariance_type, random):
    train, later = random_rows(seed, 80), random_rows(seed + 1, 80)
    model = fit_gmm(
        train,
        RULES,
        component_count=component_count,
        covariance_type=covariance_type,
        start_count=1,
        seed=seed,
    )
    rows = to_rows(model)
    random.shuffle(rows)
    again = from_rows(rows)
    assert np.array_equal(predict_gmm(again, later), predict_gmm(model, later))
    assert mean_log_likelihood(again, later) == mean_log_likelihood(model, later)


def test_rows_hold_the_upper_triangle_of_each_component():
    # Of the lower factor's inverse, turned over: 1/2, -1.5/2 and 1 for [[4, 3], [3, 13/4]].
    covariance = np.array([[4.0, 3.0], [3.0, 3.25]])
    model = unscaled([0.6, 0.4], [[0.0, 0.0], [1.0, 1.0]], [covariance, np.eye(2)])
    rows = [row for row in to_rows(model) if row.parameter_name == "precision_cholesky"]
    entries = [(row.component_id, row.feature_name, row.paired_feature_name) for row in rows]
    upper = [("a", "a"), ("a", "b"), ("b", "b")]
    assert entries == [(component, *pair) for component in (0, 1) for pair in upper]
    assert [row.value for row in rows] == pytest.approx([0.5, -0.75, 1.0, 1.0, 0.0, 1.0])


def test_rows_of_a_diagonal_mixture_are_the_diagonal_only():
    model = unscaled([0.6, 0.4], [[0.0, 0.0], [1.0, 1.0]], [np.diag([4.0, 1.0]), np.eye(2)])
    rows = [row for row in to_rows(model) if row.parameter_name == "precision_cholesky"]
    entries = [
        (row.component_id, row.feature_name, row.paired_feature_name, row.value) for row in rows
    ]
    assert entries == [(0, "a", "a", 0.5), (0, "b", "b", 1), (1, "a", "a", 1), (1, "b", "b", 1)]


def test_tied_components_have_the_same_factor_each():
    model = fit_gmm(random_rows(5), RULES, component_count=3, covariance_type="tied")
    assert np.ptp(model.precisions_cholesky, axis=0).max() == 0
    assert model.precisions_cholesky[0][np.triu_indices(3, 1)].all()
    full = fit_gmm(random_rows(5), RULES, component_count=3)
    assert np.ptp(full.precisions_cholesky, axis=0).max() > 0


def test_renamed_components_keep_their_members_and_survive_their_rows():
    model = unscaled([0.6, 0.4], [[0.0, 0.0], [5.0, 5.0]], [LEANING, np.eye(2)])
    matrix = FeatureMatrix(("a", "b"), np.array([[0.0, 0.0], [2.0, 2.5]]))
    renamed = with_segment_ids(model, [7, 3])
    assert renamed.segment_ids == (3, 7)
    expected = predict_gmm(model, matrix)[:, ::-1]
    np.testing.assert_allclose(predict_gmm(renamed, matrix), expected, rtol=1e-12)
    again = from_rows(to_rows(renamed))
    assert again.segment_ids == (3, 7)
    np.testing.assert_allclose(predict_gmm(again, matrix), expected, rtol=1e-12)


@pytest.mark.parametrize("ids", [[0], [1, 1], [0, -2]])
def test_ids_that_do_not_name_each_component_are_refused(ids):
    model = unscaled([0.6, 0.4], [[0.0, 0.0], [1.0, 1.0]], [np.eye(2), np.eye(2)])
    with pytest.raises(ValueError, match="expected 2 distinct ids from 0 up"):
        with_segment_ids(model, ids)


def test_an_unknown_covariance_type_is_refused():
    with pytest.raises(ValueError, match="covariance type out of full, diag, tied, got 'round'"):
        fit_gmm(random_rows(0), RULES, covariance_type="round")


def test_two_fits_are_the_same_to_the_last_bit():
    matrix = random_rows(3)
    with threadpool_limits(1):
        first = fit_gmm(matrix, RULES, component_count=3, seed=8)
        second = fit_gmm(matrix, RULES, component_count=3, seed=8)
    assert to_rows(first) == to_rows(second)


@pytest.mark.parametrize(("component_count", "rows"), [(1, 50), (5, 4)])
def test_too_few_components_or_rows_are_refused(component_count, rows):
    matrix = FeatureMatrix(("a",), np.arange(float(rows))[:, None])
    expected = (
        f"2 or more components and a row for each, got {component_count} components and {rows}"
    )
    with pytest.raises(ValueError, match=expected):
        fit_gmm(matrix, [FeatureRule("a")], component_count=component_count)


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ("precision_cholesky", "expected 6 rows 'precision_cholesky' .* got 0"),
        ("weight", "expected components with an id, got none"),
        ("mean", "expected a row 'mean' for component 0 and feature a"),
        ("center", "expected a row 'center'"),
    ],
)
def test_rows_that_are_not_a_whole_mixture_are_refused(lost, expected):
    model = unscaled([0.6, 0.4], [[0.0, 0.0], [1.0, 1.0]], [np.eye(2), np.eye(2)])
    with pytest.raises(ValueError, match=expected):
        from_rows([row for row in to_rows(model) if row.parameter_name != lost])


def test_a_single_lost_factor_is_noticed():
    model = unscaled([0.6, 0.4], [[0.0, 0.0], [1.0, 1.0]], [LEANING, np.eye(2)])
    rows = [row for row in to_rows(model) if row.paired_feature_name != "b" or row.component_id]
    with pytest.raises(ValueError, match=r"expected 6 rows 'precision_cholesky' .* got 4"):
        from_rows(rows)

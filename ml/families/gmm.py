"""Gaussian mixture segments: a membership probability for each customer.

Source: Dempster, Laird and Rubin (1977), Maximum likelihood from incomplete data via the EM
algorithm; McLachlan and Peel (2000), Finite Mixture Models, ch. 3. Fitted and predicted by
scikit-learn; scored in the warehouse by
``dbt_project/models/scoring/segmentation/segments_gmm.sql``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from ml.features import FeatureMatrix, FeatureRule, FloatArray, Preprocessing, fit_preprocessing
from ml.figures import Metric
from ml.parameters import ParameterRow, component_ids, group_rows, lasting_ids, look_up
from ml.segmentation.candidates import StudySettings
from ml.segmentation.fits import CandidateFit
from ml.segmentation.space import Space

FAMILY = "gmm"
CovarianceType = Literal["full", "diag", "tied"]


@dataclass(frozen=True)
class GmmModel:
    """A fitted mixture.

    Attributes:
        preprocessing: fitted on the same rows.
        weights: shape (components,), positive, sum 1.
        means: shape (components, features), in scaled units.
        precisions_cholesky: shape (components, features, features), upper triangular factors U
            with U Uᵀ the inverse covariance. Diagonal where the covariances are, the same one for
            each component where they are tied.
        segment_ids: lasting id of each component, ascending; numbers may be missing. 0 to
            components - 1 if left out.
    """

    preprocessing: Preprocessing
    weights: FloatArray
    means: FloatArray
    precisions_cholesky: FloatArray
    segment_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Number the components where no ids are given."""
        ids = lasting_ids(self.segment_ids, len(self.weights))
        object.__setattr__(self, "segment_ids", ids)


def fit_gmm(
    matrix: FeatureMatrix,
    rules: Sequence[FeatureRule],
    *,
    component_count: int = 5,
    covariance_type: CovarianceType = "full",
    start_count: int = 2,
    regularization: float = 1e-3,
    seed: int = 0,
) -> GmmModel:
    """Fit a Gaussian mixture on scaled features by EM.

    Args:
        matrix: shape (customers, features), at least as many rows as components.
        rules: features to use and how to prepare them.
        component_count: at least 2.
        covariance_type: ``full`` gives each component a covariance of its own, ``diag`` variances
            only, ``tied`` one covariance to all.
        start_count: random starts of which the likeliest is kept.
        regularization: added to each variance, in scaled units; keeps a component from
            collapsing onto a value that most customers share, such as one order.
        seed: of the random starts.

    Returns:
        The model; component 0 has the largest weight.

    Raises:
        ValueError: fewer rows than components, fewer than 2 components, or no such covariance
            type.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> values = np.concatenate([rng.normal(0, 1, 200), rng.normal(50, 1, 50)])[:, None]
        >>> matrix = FeatureMatrix(("paid_amount",), values)
        >>> model = fit_gmm(matrix, [FeatureRule("paid_amount")], component_count=2)
        >>> model.weights.round(2)
        array([0.8, 0.2])
    """
    if component_count < 2 or matrix.row_count < component_count:
        raise ValueError(
            f"a mixture needs 2 or more components and a row for each, got {component_count} "
            f"components and {matrix.row_count} rows"
        )
    if covariance_type not in get_args(CovarianceType):
        raise ValueError(
            f"expected a covariance type out of {', '.join(get_args(CovarianceType))}, got "
            f"{covariance_type!r}; give one of them"
        )
    preprocessing = fit_preprocessing(matrix, rules)
    fitted = GaussianMixture(
        n_components=component_count,
        covariance_type=covariance_type,
        n_init=start_count,
        reg_covar=regularization,
        random_state=seed,
        max_iter=200,
    ).fit(preprocessing.apply(matrix))
    order = np.lexsort((fitted.means_[:, 0], -fitted.weights_))
    factors = _as_matrices(fitted.precisions_cholesky_, covariance_type, component_count)
    return GmmModel(preprocessing, fitted.weights_[order], fitted.means_[order], factors[order])


def _as_matrices(
    factors: FloatArray, covariance_type: CovarianceType, component_count: int
) -> FloatArray:
    """scikit-learn's factors as one matrix per component, whatever their type."""
    if covariance_type == "tied":
        return np.repeat(factors[None, :, :], component_count, axis=0)
    if covariance_type == "diag":
        return np.stack([np.diag(factor) for factor in factors])
    return factors


def with_segment_ids(model: GmmModel, segment_ids: Sequence[int]) -> GmmModel:
    """The same components under other ids.

    Args:
        model: components in the order of their present ids.
        segment_ids: the lasting id of each of them, distinct, in any order.

    Returns:
        The model with its components sorted by the new ids.

    Raises:
        ValueError: the ids are not one for each component, distinct and from 0 up.

    Example:
        >>> values = np.array([[0.0], [0.2], [0.1], [50.0], [50.2]])
        >>> matrix = FeatureMatrix(("paid_amount",), values)
        >>> model = fit_gmm(matrix, [FeatureRule("paid_amount")], component_count=2)
        >>> renamed = with_segment_ids(model, [7, 3])
        >>> renamed.segment_ids, renamed.weights.round(2)
        ((3, 7), array([0.4, 0.6]))
    """
    order = np.argsort(segment_ids)
    ids = lasting_ids(sorted(segment_ids), len(model.weights))
    return replace(
        model,
        weights=model.weights[order],
        means=model.means[order],
        precisions_cholesky=model.precisions_cholesky[order],
        segment_ids=ids,
    )


def _mixture(model: GmmModel) -> GaussianMixture:
    mixture = GaussianMixture(n_components=len(model.weights), covariance_type="full")
    mixture.weights_ = model.weights
    mixture.means_ = model.means
    mixture.precisions_cholesky_ = model.precisions_cholesky
    return mixture


def predict_gmm(model: GmmModel, matrix: FeatureMatrix) -> FloatArray:
    """Membership probabilities, shape (rows, components) in the order of ``segment_ids``.

    Each row sums to 1.
    """
    return np.asarray(_mixture(model).predict_proba(model.preprocessing.apply(matrix)))


def assign_segments(model: GmmModel, matrix: FeatureMatrix) -> NDArray[np.int64]:
    """Segment id of each row: that of its likeliest component."""
    ids = np.array(model.segment_ids, dtype=np.int64)
    return np.asarray(ids[predict_gmm(model, matrix).argmax(axis=1)])


def measure_fit(model: GmmModel, matrix: FeatureMatrix) -> list[Metric]:
    """The mean log-likelihood of the rows that it was fitted on."""
    return [Metric("train", "mean_log_likelihood", mean_log_likelihood(model, matrix))]


def mean_log_likelihood(model: GmmModel, matrix: FeatureMatrix) -> float:
    """Mean log-density of the scaled rows under the mixture, in nats per row."""
    return float(_mixture(model).score(model.preprocessing.apply(matrix)))


def to_rows(model: GmmModel) -> list[ParameterRow]:
    """Preprocessing rows, then ``weight``, ``mean`` and ``precision_cholesky`` (row, column).

    Entries off the diagonal have no row where all of them are 0, in every component.
    """
    names = model.preprocessing.feature_names
    rows = model.preprocessing.to_rows()
    has_covariances = np.triu(model.precisions_cholesky, 1).any()
    for position, component in enumerate(model.segment_ids):
        weight = float(model.weights[position])
        rows.append(ParameterRow("weight", weight, component_id=component))
        for i, name in enumerate(names):
            mean = float(model.means[position, i])
            rows.append(ParameterRow("mean", mean, component_id=component, feature_name=name))
            for j in range(i, len(names) if has_covariances else i + 1):
                factor = float(model.precisions_cholesky[position, i, j])
                rows.append(ParameterRow("precision_cholesky", factor, component, name, names[j]))
    return rows


def from_rows(rows: Sequence[ParameterRow]) -> GmmModel:
    """Rebuild a model from its rows; entries that have none are 0.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    preprocessing = Preprocessing.from_rows(rows)
    names = preprocessing.feature_names
    grouped = group_rows(rows)
    components = component_ids(grouped.get("weight", {}))
    factors = grouped.get("precision_cholesky", {})
    is_diagonal = factors and all(name == paired for _, name, paired in factors)
    expected = len(components) * len(names) * (2 if is_diagonal else len(names) + 1) // 2
    if len(factors) != expected:
        raise ValueError(
            f"expected {expected} rows 'precision_cholesky' for {len(components)} components of "
            f"{len(names)} features, got {len(factors)}; these rows are not a whole mixture, "
            "fit again"
        )
    return GmmModel(
        preprocessing,
        np.array([look_up(grouped, "weight", component) for component in components]),
        np.array([[look_up(grouped, "mean", c, name) for name in names] for c in components]),
        np.array(
            [[[factors.get((c, a, b), 0.0) for b in names] for a in names] for c in components]
        ),
        components,
    )


def list_candidates(settings: StudySettings) -> list[dict[str, Any]]:
    """What its candidates in a study are told: each kind of covariance with each number."""
    return [
        {"covariance_type": kind, "component_count": count}
        for kind in get_args(CovarianceType)
        for count in settings.segment_counts
    ]


def fit_candidate(
    candidate: Mapping[str, Any],
    space: Space,
    resample: int | None,
    settings: StudySettings,
    seed: int,
) -> CandidateFit:
    """Fit a candidate of a study, in scaled units."""
    sample = space.people_of(resample)
    mixture = GaussianMixture(
        candidate["component_count"],
        covariance_type=candidate["covariance_type"],
        n_init=settings.mixture_start_count,
        reg_covar=settings.regularization,
        random_state=seed,
        max_iter=200,
    ).fit(sample)
    return CandidateFit(
        mixture.predict, {"bic": float(mixture.bic(sample)), "aic": float(mixture.aic(sample))}
    )

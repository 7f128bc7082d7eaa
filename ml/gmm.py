"""Gaussian mixture segments with full covariances: a membership probability for each customer.

Source: Dempster, Laird and Rubin (1977), Maximum likelihood from incomplete data via the EM
algorithm; McLachlan and Peel (2000), Finite Mixture Models, ch. 3. Fitted and predicted by
scikit-learn; scored in the warehouse by ``dbt_project/models/scoring/segments_gmm.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.mixture import GaussianMixture

from ml.features import FeatureMatrix, FeatureRule, FloatArray, Preprocessing, fit_preprocessing
from ml.parameters import ParameterRow, component_ids, group_rows, look_up

FAMILY = "gmm"


@dataclass(frozen=True)
class GmmModel:
    """A fitted mixture.

    Attributes:
        preprocessing: fitted on the same rows.
        weights: shape (components,), positive, sum 1, largest first.
        means: shape (components, features), in scaled units.
        precisions_cholesky: shape (components, features, features), upper triangular factors U
            with U Uᵀ the inverse covariance.
    """

    preprocessing: Preprocessing
    weights: FloatArray
    means: FloatArray
    precisions_cholesky: FloatArray


def fit_gmm(
    matrix: FeatureMatrix,
    rules: Sequence[FeatureRule],
    *,
    component_count: int = 5,
    start_count: int = 2,
    regularization: float = 1e-3,
    seed: int = 0,
) -> GmmModel:
    """Fit a Gaussian mixture on scaled features by EM.

    Args:
        matrix: shape (customers, features), at least as many rows as components.
        rules: features to use and how to prepare them.
        component_count: at least 2.
        start_count: random starts of which the likeliest is kept.
        regularization: added to each variance, in scaled units; keeps a component from
            collapsing onto a value that most customers share, such as one order.
        seed: of the random starts.

    Returns:
        The model; component 0 has the largest weight.

    Raises:
        ValueError: fewer rows than components, or fewer than 2 components.

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
    preprocessing = fit_preprocessing(matrix, rules)
    fitted = GaussianMixture(
        n_components=component_count,
        covariance_type="full",
        n_init=start_count,
        reg_covar=regularization,
        random_state=seed,
        max_iter=200,
    ).fit(preprocessing.apply(matrix))
    order = np.lexsort((fitted.means_[:, 0], -fitted.weights_))
    return GmmModel(
        preprocessing,
        fitted.weights_[order],
        fitted.means_[order],
        fitted.precisions_cholesky_[order],
    )


def _mixture(model: GmmModel) -> GaussianMixture:
    mixture = GaussianMixture(n_components=len(model.weights), covariance_type="full")
    mixture.weights_ = model.weights
    mixture.means_ = model.means
    mixture.precisions_cholesky_ = model.precisions_cholesky
    return mixture


def predict_gmm(model: GmmModel, matrix: FeatureMatrix) -> FloatArray:
    """Membership probabilities, shape (rows, components); each row sums to 1."""
    return np.asarray(_mixture(model).predict_proba(model.preprocessing.apply(matrix)))


def mean_log_likelihood(model: GmmModel, matrix: FeatureMatrix) -> float:
    """Mean log-density of the scaled rows under the mixture, in nats per row."""
    return float(_mixture(model).score(model.preprocessing.apply(matrix)))


def to_rows(model: GmmModel) -> list[ParameterRow]:
    """Preprocessing rows, then ``weight``, ``mean`` and ``precision_cholesky`` (row, column)."""
    names = model.preprocessing.feature_names
    rows = model.preprocessing.to_rows()
    for component, weight in enumerate(model.weights):
        rows.append(ParameterRow("weight", float(weight), component_id=component))
        for i, name in enumerate(names):
            mean = float(model.means[component, i])
            rows.append(ParameterRow("mean", mean, component_id=component, feature_name=name))
            for j in range(i, len(names)):
                factor = float(model.precisions_cholesky[component, i, j])
                rows.append(ParameterRow("precision_cholesky", factor, component, name, names[j]))
    return rows


def from_rows(rows: Sequence[ParameterRow]) -> GmmModel:
    """Rebuild a model from its rows; entries below the diagonal are 0 and have no row.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    preprocessing = Preprocessing.from_rows(rows)
    names = preprocessing.feature_names
    grouped = group_rows(rows)
    components = component_ids(grouped.get("weight", {}))
    factors = grouped.get("precision_cholesky", {})
    expected = len(components) * len(names) * (len(names) + 1) // 2
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
    )

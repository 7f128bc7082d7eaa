"""Logistic regression for returning: log-odds linear in the scaled features.

Source: Cox (1958), The regression analysis of binary sequences. Fitted and predicted by
scikit-learn; scored in the warehouse by
``dbt_project/models/scoring/churn/churn_logistic_terms.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ml.families.training import require_labels
from ml.features import FeatureMatrix, FeatureRule, FloatArray, Preprocessing, fit_preprocessing
from ml.parameters import ParameterRow, group_rows, look_up

FAMILY = "logistic"


@dataclass(frozen=True)
class LogisticModel:
    """A fitted logistic regression.

    Attributes:
        preprocessing: fitted on the same rows.
        coefficients: shape (features,), log-odds per scaled unit.
        intercept: log-odds of a customer whose features are all average.
    """

    preprocessing: Preprocessing
    coefficients: FloatArray
    intercept: float


def fit_logistic(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    *,
    inverse_regularization: float = 0.01,
) -> LogisticModel:
    """Fit a logistic regression with an L2 penalty, on the data as it is (no resampling).

    Args:
        matrix: shape (customers, features).
        is_returning: shape (customers,), true for those who came back.
        rules: features to use and how to prepare them.
        inverse_regularization: scikit-learn's C, above 0; smaller is smoother.

    Raises:
        ValueError: the labels are not one per row, or all alike.

    Example:
        >>> values = np.array([[10.0], [20.0], [300.0], [400.0]])
        >>> matrix = FeatureMatrix(("recency_days",), values)
        >>> labels = np.array([True, True, False, False])
        >>> model = fit_logistic(matrix, labels, [FeatureRule("recency_days")])
        >>> bool(model.coefficients[0] < 0)
        True
    """
    require_labels(matrix, is_returning)
    preprocessing = fit_preprocessing(matrix, rules)
    fitted = LogisticRegression(C=inverse_regularization, max_iter=1000, tol=1e-8).fit(
        preprocessing.apply(matrix), is_returning
    )
    return LogisticModel(preprocessing, fitted.coef_[0], float(fitted.intercept_[0]))


def predict_logistic(model: LogisticModel, matrix: FeatureMatrix) -> FloatArray:
    """Probability of returning, shape (rows,), between 0 and 1."""
    regression = LogisticRegression()
    regression.classes_ = np.array([False, True])
    regression.coef_ = model.coefficients[None, :]
    regression.intercept_ = np.array([model.intercept])
    return np.asarray(regression.predict_proba(model.preprocessing.apply(matrix))[:, 1])


def to_rows(model: LogisticModel) -> list[ParameterRow]:
    """Preprocessing rows, one ``intercept`` and a ``coefficient`` per feature."""
    return [
        *model.preprocessing.to_rows(),
        ParameterRow("intercept", model.intercept),
        *(
            ParameterRow("coefficient", float(value), feature_name=name)
            for name, value in zip(
                model.preprocessing.feature_names, model.coefficients, strict=True
            )
        ),
    ]


def from_rows(rows: Sequence[ParameterRow]) -> LogisticModel:
    """Rebuild a model from its rows.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    preprocessing = Preprocessing.from_rows(rows)
    grouped = group_rows(rows)
    names = preprocessing.feature_names
    return LogisticModel(
        preprocessing,
        np.array([look_up(grouped, "coefficient", None, name) for name in names]),
        look_up(grouped, "intercept"),
    )

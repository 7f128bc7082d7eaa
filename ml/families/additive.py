"""A boosted additive model for returning: log-odds as a sum of one step function per feature.

Each tree of the boosting splits on one feature only, so the trees of a feature add up to a step
function, and what it gives a customer is exactly what the feature adds to their score: the term
is the reason. Source: Lou, Caruana and Gehrke (2012), Intelligible models for classification and
regression. Fitted by scikit-learn; scored in the warehouse by
``dbt_project/models/scoring/churn/churn_additive_terms.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from ml.families.training import feature_values, training_values
from ml.families.trees import boosted_trees
from ml.features import FeatureMatrix, FeatureRule, FloatArray
from ml.parameters import ParameterRow, group_rows, look_up

FAMILY = "additive"


@dataclass(frozen=True)
class StepFunction:
    """What one feature adds to the log-odds, relative to its mean over the training rows.

    Attributes:
        feature_name: of which it is a function.
        thresholds: ascending; the interval of index i ends at threshold i, inclusive.
        terms: log-odds by interval, one more than thresholds.
        missing_term: log-odds where the value is missing.
    """

    feature_name: str
    thresholds: FloatArray
    terms: FloatArray
    missing_term: float

    def apply(self, values: FloatArray) -> FloatArray:
        """The term of each value, NaN where it is missing.

        Example:
            >>> step = StepFunction("recency_days", np.array([30.0]), np.array([0.5, -0.1]), 0.0)
            >>> step.apply(np.array([30.0, 30.1, np.nan]))
            array([ 0.5, -0.1,  0. ])
        """
        term = self.terms[np.searchsorted(self.thresholds, values, side="left")]
        return np.where(np.isnan(values), self.missing_term, term)


@dataclass(frozen=True)
class AdditiveModel:
    """A fitted additive model.

    Attributes:
        steps: one per feature, in alphabetical order.
        intercept: log-odds of a customer each of whose terms is average.
    """

    steps: tuple[StepFunction, ...]
    intercept: float

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features, in the order of the steps."""
        return tuple(step.feature_name for step in self.steps)


def fit_additive(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    *,
    tree_count: int = 150,
    learning_rate: float = 0.05,
    max_leaf_count: int = 4,
    min_leaf_rows: int = 200,
    l2_regularization: float = 10.0,
    max_bin_count: int = 32,
    seed: int = 0,
) -> AdditiveModel:
    """Fit step functions on the data as it is (no resampling, features unscaled).

    The settings are for a rare outcome (1 in 80): few, small steps, no early stopping, whose
    validation rows would hold a handful of returning customers.

    Args:
        matrix: shape (customers, features), NaN where a value is missing.
        is_returning: shape (customers,), true for those who came back.
        rules: features to use; their transforms and null rules do not matter to steps.
        tree_count: trees to add up, at least 1.
        learning_rate: share of each tree's step that is taken, above 0.
        max_leaf_count: intervals of one tree at most, at least 2.
        min_leaf_rows: rows of an interval of one tree at least.
        l2_regularization: pulls terms to 0; in units of the sum of p (1 - p) in an interval,
            which is 2.4 for 200 rows with 1.2 % returning.
        max_bin_count: intervals of a step function at most, 2 to 255.
        seed: of the sample that features are binned by, where there are over 200,000 rows.

    Raises:
        ValueError: the labels are not one per row, or all alike.
        FeatureError: an absent feature, infinite values, or two rules for one feature.

    Example:
        >>> values = np.array([[10.0], [20.0], [300.0], [400.0]]).repeat(200, axis=0)
        >>> labels = np.array([True, True, False, False]).repeat(200)
        >>> matrix = FeatureMatrix(("recency_days",), values)
        >>> (step,) = fit_additive(matrix, labels, [FeatureRule("recency_days")]).steps
        >>> step.thresholds, np.sign(step.terms)
        (array([160.]), array([ 1., -1.]))
    """
    names, values = training_values(matrix, is_returning, rules)
    fitted = HistGradientBoostingClassifier(
        max_iter=tree_count,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_count,
        min_samples_leaf=min_leaf_rows,
        l2_regularization=l2_regularization,
        max_bins=max_bin_count,
        interaction_cst="no_interactions",
        early_stopping=False,
        random_state=seed,
    ).fit(values, is_returning)
    return collapse(fitted, names, values)


def collapse(
    fitted: HistGradientBoostingClassifier, feature_names: Sequence[str], values: FloatArray
) -> AdditiveModel:
    """Add up the trees of each feature of a boosting without interactions.

    Args:
        fitted: told ``interaction_cst="no_interactions"``.
        feature_names: its columns, in alphabetical order.
        values: training rows, shape (rows, features), over which the mean of each term is 0.

    Raises:
        ValueError: it may have trees with several features.

    Example:
        >>> values = np.repeat([[1.0], [2.0], [np.nan]], 50, axis=0)
        >>> labels = np.repeat([True, False, False], 50)
        >>> boosting = HistGradientBoostingClassifier(interaction_cst="no_interactions")
        >>> model = collapse(boosting.fit(values, labels), ("recency_days",), values)
        >>> model.steps[0].thresholds
        array([1.5])
    """
    if fitted.interaction_cst != "no_interactions":
        raise ValueError(
            "expected a boosting with interaction_cst='no_interactions', got "
            f"{fitted.interaction_cst!r}, whose trees may split on several features; fit it so"
        )
    trees, start = boosted_trees(fitted, feature_names)
    # No tree sees two features, so what one adds may be read with all others missing.
    nothing = np.full((1, len(trees.feature_names)), np.nan)
    intercept = start + float(trees.sum_leaves(nothing)[0])
    steps = []
    for index, name in enumerate(feature_names):
        thresholds, added = np.empty(0), np.zeros(1)
        if name in trees.feature_names:
            column = trees.feature_names.index(name)
            split_values = np.unique(trees.threshold[trees.feature == column])
            ends = np.append(split_values[np.isfinite(split_values)], np.inf)
            alone = np.tile(nothing, (len(ends), 1))
            alone[:, column] = ends
            added = trees.sum_leaves(alone) - trees.sum_leaves(nothing)
            is_last = np.append(added[1:] != added[:-1], True)  # of neighbours with one value
            thresholds, added = ends[is_last][:-1], added[is_last]
        step = StepFunction(name, thresholds, added, 0.0)
        mean = float(step.apply(values[:, index]).mean())
        intercept += mean
        steps.append(StepFunction(name, thresholds, added - mean, -mean))
    return AdditiveModel(tuple(steps), intercept)


def terms(model: AdditiveModel, matrix: FeatureMatrix) -> FloatArray:
    """What each feature adds to the log-odds of each row, shape (rows, features).

    Raises:
        FeatureError: a feature is absent.
    """
    values = feature_values(matrix, model.feature_names)
    columns = [step.apply(values[:, index]) for index, step in enumerate(model.steps)]
    return np.column_stack(columns)


def predict_additive(model: AdditiveModel, matrix: FeatureMatrix) -> FloatArray:
    """Probability of returning, shape (rows,), between 0 and 1; takes infinite values.

    Raises:
        FeatureError: a feature is absent.
    """
    return np.asarray(expit(model.intercept + terms(model, matrix).sum(axis=1)))


def to_rows(model: AdditiveModel) -> list[ParameterRow]:
    """The model as rows.

    One ``intercept``. By feature ``is_used``, ``missing_term`` and, with the number of an interval
    as ``component_id``, its ``term`` and (of all but the last) the ``threshold`` where it ends.
    """
    rows = [ParameterRow("intercept", model.intercept)]
    for step in model.steps:
        name = step.feature_name
        rows.append(ParameterRow("is_used", 1.0, feature_name=name))
        rows.append(ParameterRow("missing_term", step.missing_term, feature_name=name))
        for parameter, values in (("threshold", step.thresholds), ("term", step.terms)):
            rows += [
                ParameterRow(parameter, float(value), number, name)
                for number, value in enumerate(values)
            ]
    return rows


def from_rows(rows: Sequence[ParameterRow]) -> AdditiveModel:
    """Rebuild a model from its rows; features in alphabetical order.

    Raises:
        ValueError: a row is missing, two rows say the same, or thresholds do not ascend.
    """
    grouped = group_rows(rows)
    steps = []
    for name in sorted(str(name) for _, name, _ in grouped.get("is_used", {})):
        last = sum(feature == name for _, feature, _ in grouped.get("threshold", {}))
        thresholds = np.array(
            [look_up(grouped, "threshold", number, name) for number in range(last)]
        )
        if (np.diff(thresholds) <= 0).any():
            raise ValueError(
                f"expected thresholds of {name!r} that ascend, got {thresholds.tolist()}; these "
                "rows are not a whole model of this family, fit again"
            )
        values = np.array([look_up(grouped, "term", number, name) for number in range(last + 1)])
        missing_term = look_up(grouped, "missing_term", None, name)
        steps.append(StepFunction(name, thresholds, values, missing_term))
    if not steps:
        raise ValueError(
            "expected a row 'is_used' for each feature, got none; these rows are not a whole "
            "model of this family, fit again"
        )
    return AdditiveModel(tuple(steps), look_up(grouped, "intercept"))

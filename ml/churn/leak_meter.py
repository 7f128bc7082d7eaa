"""What two common mistakes would have claimed for the same customers, beside the honest figure.

Both are computed on the shop's own data, so that a report can show them where readers would quote
a public notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

from ml.families.logistic import fit_logistic, predict_logistic
from ml.features import FeatureMatrix, FeatureRule, FloatArray

RECENCY_IN_LABEL = "recency in the label"
OVERSAMPLED = "oversampled before the split"

_TEST_SHARE = 0.3  # of the random split that those who make these mistakes use


class NoLeakFigureError(ValueError):
    """There is nothing to measure, for a reason that lies in the shop and not in the program."""


@dataclass(frozen=True)
class LeakFigure:
    """What a mistaken practice claims.

    Attributes:
        practice: short name.
        description: what is done and why the figure is worth nothing, in plain words.
        roc_auc: area under the ROC curve that it would report.
        accuracy: share of right verdicts that it would report.
        honest_roc_auc: of the shop's champion on a later period.
    """

    practice: str
    description: str
    roc_auc: float
    accuracy: float
    honest_roc_auc: float


def measure_leaks(
    matrix: FeatureMatrix,
    is_returning: NDArray[np.bool_],
    rules: Sequence[FeatureRule],
    *,
    honest_roc_auc: float,
    inactive_days: int = 180,
    person_count: int = 10_000,
    tree_count: int = 50,
    seed: int = 0,
) -> tuple[LeakFigure, ...]:
    """Make both mistakes on customers as of one date.

    A figure is left out where it cannot be had: nobody, or everybody, was inactive for so long.

    Args:
        matrix: shape (customers, features), as of one date; with ``recency_days``.
        is_returning: who came back after that date, shape (customers,), both classes present.
        rules: features to use and how to prepare them; with ``recency_days``.
        honest_roc_auc: of the champion on a later period.
        inactive_days: recency beyond which the first mistake calls a customer churned.
        person_count: customers drawn at random where there are more; the forest's time is
            proportional to them.
        tree_count: trees of the forest.
        seed: of the draws, the splits and the forest.

    Raises:
        NoLeakFigureError: no ``recency_days``, or less than 2 returning or lost customers among
            those drawn.
        ValueError: labels of another shape.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> matrix = FeatureMatrix(("recency_days",), rng.integers(1, 400, (500, 1)) * 1.0)
        >>> labels = rng.random(500) < 0.1
        >>> figures = measure_leaks(
        ...     matrix, labels, [FeatureRule("recency_days")], honest_roc_auc=0.5, tree_count=5
        ... )
        >>> [(figure.practice, figure.roc_auc > 0.75) for figure in figures]
        [('recency in the label', True), ('oversampled before the split', True)]
    """
    names = [rule.feature_name for rule in rules]
    if "recency_days" not in names or "recency_days" not in matrix.feature_names:
        raise NoLeakFigureError(
            f"expected 'recency_days' among the features, got {', '.join(names) or 'none'}; the "
            "mistake is to make the label of it, so add its rule and its column"
        )
    if is_returning.shape != (matrix.row_count,):
        raise ValueError(
            f"expected one label for each of {matrix.row_count} rows, got shape "
            f"{is_returning.shape}; read both with one query"
        )
    rng = np.random.default_rng(seed)
    if matrix.row_count > person_count:
        drawn = np.sort(rng.choice(matrix.row_count, person_count, replace=False))
        matrix, is_returning = _take(matrix, drawn), is_returning[drawn]
    returning, lost = np.flatnonzero(is_returning), np.flatnonzero(~is_returning)
    if min(len(returning), len(lost)) < 2:
        raise NoLeakFigureError(
            f"expected at least 2 returning and 2 lost customers, got {len(returning)} and "
            f"{len(lost)}; choose another date, or draw more people"
        )
    figures = []
    is_active = matrix.values[:, matrix.feature_names.index("recency_days")] <= inactive_days
    if min(is_active.sum(), (~is_active).sum()) >= 2:
        fitted, tested = _split_at_random(np.arange(len(is_active)), is_active, seed)
        model = fit_logistic(
            _take(matrix, fitted), is_active[fitted], rules, inverse_regularization=1.0
        )
        probability = predict_logistic(model, _take(matrix, tested))
        figures.append(
            LeakFigure(
                RECENCY_IN_LABEL,
                f"A customer is called churned if the last order is more than {inactive_days} days "
                "ago, and the days since the last order are a feature. The model is told the "
                "answer; it says nothing about who comes back.",
                *_judge(is_active[tested], probability),
                honest_roc_auc,
            )
        )
    few, many = sorted((returning, lost), key=len)
    rows = np.concatenate([few, many, rng.choice(few, len(many) - len(few))])
    fitted, tested = _split_at_random(rows, is_returning[rows], seed)
    values = matrix.values[:, [matrix.feature_names.index(name) for name in names]]
    forest = RandomForestClassifier(tree_count, random_state=seed).fit(
        values[fitted], is_returning[fitted]
    )
    probability = forest.predict_proba(values[tested])[:, 1]
    figures.append(
        LeakFigure(
            OVERSAMPLED,
            "The few customers who return are copied until they are as many as the others, and "
            "only then are rows split at random. Copies of the same customer stand on both sides, "
            "so the model recognises people instead of foreseeing what they do.",
            *_judge(is_returning[tested], probability),
            honest_roc_auc,
        )
    )
    return tuple(figures)


def _take(matrix: FeatureMatrix, rows: NDArray[np.int64]) -> FeatureMatrix:
    return FeatureMatrix(matrix.feature_names, matrix.values[rows])


def _split_at_random(
    rows: NDArray[np.int64], labels: NDArray[np.bool_], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to fit on and rows to test on, both classes on either side."""
    fitted, tested = train_test_split(
        rows, test_size=_TEST_SHARE, stratify=labels, random_state=seed
    )
    return fitted, tested


def _judge(labels: NDArray[np.bool_], probability: FloatArray) -> tuple[float, float]:
    """Area under the ROC curve and accuracy at one half."""
    return (
        float(roc_auc_score(labels, probability)),
        float(accuracy_score(labels, probability >= 0.5)),
    )

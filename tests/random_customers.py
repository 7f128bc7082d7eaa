"""Customers for the tests of tree families: ties, missing values, a rare and noisy outcome."""

import numpy as np

from ml.features import FeatureMatrix, FeatureRule

NAMES = ("average_review_score", "freight_share", "order_count", "paid_amount", "recency_days")
RULES = [FeatureRule(name) for name in NAMES]


def random_customers(seed, rows=3_000):
    """A matrix with 20 % of reviews missing and none of the rest, and who returned."""
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            rng.integers(1, 6, rows),
            rng.beta(2, 5, rows),
            1 + rng.poisson(0.4, rows),
            np.round(np.exp(rng.normal(4, 1, rows)), 2),
            rng.integers(0, 600, rows),
        ]
    ).astype(np.float64)
    log_odds = values[:, 2] - values[:, 4] / 150 + np.where(values[:, 0] < 3, -1, 0.5) - 1
    is_returning = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    values[rng.random(rows) < 0.2, 0] = np.nan
    return FeatureMatrix(NAMES, values), is_returning


def with_odd_values(matrix, thresholds, seed):
    """Missing values everywhere, and values exactly on, just below and just above thresholds.

    Args:
        matrix: of customers.
        thresholds: by feature name.
        seed: of which cells they replace.
    """
    rng = np.random.default_rng(seed)
    values = matrix.values.copy()
    for index, name in enumerate(matrix.feature_names):
        on = np.asarray(thresholds.get(name, []), dtype=np.float64)
        on = on[np.isfinite(on)]
        near = np.concatenate([on, np.nextafter(on, -np.inf), np.nextafter(on, np.inf)])
        if len(near):
            cells = rng.random(len(values)) < 0.5
            values[cells, index] = rng.choice(near, cells.sum())
        values[rng.random(len(values)) < 0.1, index] = np.nan
    return FeatureMatrix(matrix.feature_names, values)


def with_infinities(matrix, seed):
    """A tenth of the values infinite, either way."""
    rng = np.random.default_rng(seed)
    cells = rng.random(matrix.values.shape) < 0.1
    signs = rng.choice([-np.inf, np.inf], matrix.values.shape)
    return FeatureMatrix(matrix.feature_names, np.where(cells, signs, matrix.values))

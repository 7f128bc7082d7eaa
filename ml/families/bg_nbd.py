"""BG/NBD: how often customers who may have left for good, unseen, will buy again.

While a customer is alive, purchases are Poisson with a rate of their own (gamma across customers);
after each purchase they leave with a probability of their own (beta across customers). It learns
from purchase histories alone, without labels, and is the baseline that churn models must beat.

Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
Pareto/NBD model, Marketing Science 24(2). Scored in the warehouse by
``dbt_project/models/scoring/churn/churn_bg_nbd.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaln, gammaln, psi

from ml.features import FeatureError, FeatureMatrix, FloatArray
from ml.maximum_likelihood import maximize_likelihood
from ml.parameters import ParameterRow, group_rows, look_up

FAMILY = "bg_nbd"
FEATURE_NAMES = ("purchase_day_count", "recency_days", "tenure_days")
NUMBER_NAMES = ("r", "alpha", "a", "b", "horizon_weeks", "log_likelihood")
DAYS_PER_WEEK = 7.0

# Wide enough for any shop. An alpha below 0.01 weeks would be a matter of minutes to hours, which
# histories in days cannot tell from 0: it means that one purchase was counted as several.
BOUNDS = {"r": (1e-5, 1e5), "alpha": (1e-2, 1e5), "a": (1e-5, 1e5), "b": (1e-5, 1e5)}


@dataclass(frozen=True)
class PurchaseHistories:
    """All that BG/NBD needs to know of some customers.

    Attributes:
        repeat_count: x, purchases after the first; the paper's frequency.
        last_purchase_weeks: t_x, from the first purchase to the last, 0 where there is but one; the
            paper's recency.
        age_weeks: T, from the first purchase to the as-of date.
        customer_count: how many customers have this history.
    """

    repeat_count: FloatArray
    last_purchase_weeks: FloatArray
    age_weeks: FloatArray
    customer_count: FloatArray

    def __post_init__(self) -> None:
        """Refuse histories that cannot have happened."""
        columns = (
            self.repeat_count,
            self.last_purchase_weeks,
            self.age_weeks,
            self.customer_count,
        )
        if len({column.shape for column in columns}) > 1 or self.repeat_count.ndim != 1:
            raise ValueError(
                "expected four columns with one entry per history, got shapes "
                f"{', '.join(str(column.shape) for column in columns)}; read them with one query"
            )
        is_possible = (
            (self.repeat_count >= 0)
            & (self.repeat_count == np.floor(self.repeat_count))
            & (self.last_purchase_weeks >= 0)
            & (self.last_purchase_weeks <= self.age_weeks)
            & ((self.repeat_count > 0) | (self.last_purchase_weeks == 0))
            & np.isfinite(self.repeat_count)
            & np.isfinite(self.age_weeks)
            & np.isfinite(self.customer_count)
            & (self.customer_count > 0)
        )
        if not is_possible.all():
            first = int(np.argmin(is_possible))
            raise ValueError(
                f"{int((~is_possible).sum())} histories cannot have happened: the first has "
                f"{self.repeat_count[first]} purchases after the first one, the last of them after "
                f"{self.last_purchase_weeks[first]} of {self.age_weeks[first]} weeks, for "
                f"{self.customer_count[first]} customers; expected whole counts, a last purchase "
                "at 0 for a single one and otherwise by the as-of date, and 1 customer or more"
            )

    def distinct(self) -> PurchaseHistories:
        """Each history once, with the number of its customers; makes fits fast.

        Example:
            >>> one, two = np.array([0.0, 0.0]), np.array([2.0, 2.0])
            >>> PurchaseHistories(one, one, two, np.ones(2)).distinct().customer_count
            array([2.])
        """
        rows = np.column_stack([self.repeat_count, self.last_purchase_weeks, self.age_weeks])
        unique, inverse = np.unique(rows, axis=0, return_inverse=True)
        x, last, age = unique.T
        count = np.bincount(inverse, self.customer_count).astype(np.float64)
        return PurchaseHistories(x, last, age, count)


@dataclass(frozen=True)
class BgNbdModel:
    """A fitted BG/NBD.

    Attributes:
        r: shape of the gamma distribution of purchase rates.
        alpha: its rate, in weeks; the mean purchase rate while alive is r / alpha a week.
        a: first shape of the beta distribution of the probability to leave after a purchase.
        b: its second shape; the mean probability is a / (a + b).
        horizon_weeks: how far ahead the model is asked.
        log_likelihood: of the training histories, in nats.
        degeneracy: why the parameters are not to be trusted, in a sentence; empty where they are.
            It is no number, hence no row: a model rebuilt from its rows does not know.
    """

    r: float
    alpha: float
    a: float
    b: float
    horizon_weeks: float
    log_likelihood: float
    degeneracy: str = ""

    def __post_init__(self) -> None:
        """Refuse what is outside the family."""
        for name in ("r", "alpha", "a", "b", "horizon_weeks"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(
                    f"expected a positive number for {name} of BG/NBD, got {value}; fit again"
                )

    @property
    def is_degenerate(self) -> bool:
        """Whether the parameters are not to be trusted."""
        return bool(self.degeneracy)


def histories_from_features(matrix: FeatureMatrix) -> PurchaseHistories:
    """Purchase histories in weeks, at most one purchase a day, from features of the warehouse.

    Two orders on one day are mostly a split basket; counted as a repeat they drive alpha to 0.

    Args:
        matrix: has ``purchase_day_count``, ``recency_days`` (since the latest order) and
            ``tenure_days`` (since the first).

    Returns:
        One history per row, in the same order.

    Raises:
        FeatureError: a feature is absent, or missing for a customer.
        ValueError: a history cannot have happened.

    Example:
        >>> matrix = FeatureMatrix(FEATURE_NAMES, np.array([[3.0, 7.0, 70.0]]))
        >>> found = histories_from_features(matrix)
        >>> found.repeat_count, found.last_purchase_weeks, found.age_weeks
        (array([2.]), array([9.]), array([10.]))
    """
    absent = [name for name in FEATURE_NAMES if name not in matrix.feature_names]
    if absent:
        raise FeatureError(
            f"BG/NBD needs the feature {absent[0]!r}, which the matrix does not have (it has "
            f"{', '.join(matrix.feature_names)}); read that column too"
        )
    columns = matrix.values[:, [matrix.feature_names.index(name) for name in FEATURE_NAMES]]
    missing = np.isnan(columns).sum(axis=0)
    if missing.any():
        index = int(np.argmax(missing > 0))
        raise FeatureError(
            f"feature {FEATURE_NAMES[index]!r} has {missing[index]} missing values, but everybody "
            "with an order has one; look into customer_feature_snapshots"
        )
    days, recency, tenure = columns.T
    return PurchaseHistories(
        days - 1, (tenure - recency) / DAYS_PER_WEEK, tenure / DAYS_PER_WEEK, np.ones(len(days))
    )


def _log_likelihood(
    parameters: FloatArray, histories: PurchaseHistories
) -> tuple[float, FloatArray]:
    """Log-likelihood (eq. 6) and its gradient by r, alpha, a, b."""
    r, alpha, a, b = parameters
    x, age, count = histories.repeat_count, histories.age_weeks, histories.customer_count
    last = histories.last_purchase_weeks
    # Who bought but once is alive for certain: people leave after a repeat purchase only.
    has_repeat = x > 0
    survived = np.where(has_repeat, b + x - 1, 1.0)
    log_alive = -(r + x) * np.log(alpha + age)
    log_left = np.where(
        has_repeat, np.log(a) - np.log(survived) - (r + x) * np.log(alpha + last), -np.inf
    )
    log_either = np.logaddexp(log_alive, log_left)
    left = np.exp(log_left - log_either)
    alive = 1 - left
    value = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + betaln(a, b + x)
        - betaln(a, b)
        + log_either
    )
    log_age = alive * np.log(alpha + age) + left * np.log(alpha + last)
    by_r = psi(r + x) - psi(r) + np.log(alpha) - log_age
    by_alpha = r / alpha - (r + x) * (alive / (alpha + age) + left / (alpha + last))
    by_a = psi(a + b) - psi(a + b + x) + left / a
    by_b = psi(b + x) - psi(b) + psi(a + b) - psi(a + b + x) - left / survived
    gradient = np.array([count @ by for by in (by_r, by_alpha, by_a, by_b)])
    return float(count @ value), gradient


def fit_bg_nbd(
    histories: PurchaseHistories, *, horizon_weeks: float, start_count: int = 5, seed: int = 0
) -> BgNbdModel:
    """Fit BG/NBD by maximum likelihood.

    Args:
        histories: purchases before the as-of date, at most one a day and customer.
        horizon_weeks: how far ahead the model will be asked; the fit does not depend on it.
        start_count: where the search begins, at least 2; the best optimum is kept.
        seed: of the random starts.

    Returns:
        The model; ``degeneracy`` says in a sentence where its parameters mean nothing.

    Raises:
        ValueError: no histories, or fewer than 2 starts.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> age = np.full(3_000, 52.0)
        >>> x = rng.poisson(rng.gamma(0.5, 1 / 5, 3_000) * age).astype(float)
        >>> last = np.where(x > 0, age * rng.beta(np.maximum(x, 1), 1), 0.0)
        >>> histories = PurchaseHistories(x, last, age, np.ones(3_000))
        >>> model = fit_bg_nbd(histories, horizon_weeks=26)
        >>> model.is_degenerate  # nobody leaves here, so a / (a + b) goes to 0
        True
        >>> model.degeneracy
        'a runs to its lower bound 1e-05, where the likelihood still rises: these data have no ...'
    """
    if not len(histories.repeat_count):
        raise ValueError("expected one history or more, got none; build the features first")
    distinct = histories.distinct()
    customers = float(distinct.customer_count.sum())

    def mean_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _log_likelihood(parameters, distinct)
        return value / customers, gradient / customers

    mean_age = float(distinct.customer_count @ distinct.age_weeks) / customers
    fit = maximize_likelihood(
        mean_likelihood,
        BOUNDS,
        {"r": 1.0, "alpha": max(mean_age, 1.0), "a": 1.0, "b": 1.0},
        row_count=customers,
        start_count=start_count,
        seed=seed,
    )
    r, alpha, a, b = (float(value) for value in fit.parameters)
    degeneracy = fit.degeneracy
    if degeneracy.startswith("alpha runs to its lower bound"):
        degeneracy += "; count at most one purchase a day"
    return BgNbdModel(r, alpha, a, b, float(horizon_weeks), fit.log_likelihood, degeneracy)


def log_likelihood(model: BgNbdModel, histories: PurchaseHistories) -> float:
    """Log-likelihood of histories under a model, in nats (eq. 6).

    Example:
        >>> once = PurchaseHistories(np.zeros(1), np.zeros(1), np.ones(1), np.ones(1))
        >>> float(np.exp(log_likelihood(BgNbdModel(1, 1, 1, 1, 26, 0.0), once)))
        0.5
    """
    value, _ = _log_likelihood(np.array([model.r, model.alpha, model.a, model.b]), histories)
    return value


def probability_alive(model: BgNbdModel, histories: PurchaseHistories) -> FloatArray:
    """Probability that customers have not left by the as-of date, shape (histories,).

    1 for everybody who bought but once. Fader and Hardie (2008), Computing P(alive) using the
    BG/NBD model, eq. 3.

    Example:
        >>> once = PurchaseHistories(np.zeros(1), np.zeros(1), np.ones(1), np.ones(1))
        >>> probability_alive(BgNbdModel(1, 1, 1, 1, 26, 0.0), once)
        array([1.])
    """
    x = histories.repeat_count
    log_odds = (
        np.log(model.a)
        - np.log(np.where(x > 0, model.b + x - 1, 1.0))
        + (model.r + x)
        * np.log(
            (model.alpha + histories.age_weeks) / (model.alpha + histories.last_purchase_weeks)
        )
    )
    # exp(700) is still a 64-bit number, and its inverse is 0 to any purpose.
    odds = np.exp(np.minimum(log_odds, 700.0))
    return np.asarray(np.where(x > 0, 1 / (1 + odds), 1.0))


def _expected_while_alive(model: BgNbdModel, x: float, age: float, horizon: float) -> float:
    """Expected purchases of one who is alive at the as-of date.

    Would they never leave, their purchases N in the horizon were negative binomial with shape
    r + x and success probability z = t / (alpha + T + t). The k-th happens if N is at least k and
    they did not leave after any of the k - 1 before it, so the expectation is the sum over k >= 0
    of P(N > k) (b + x)_k / (a + b + x)_k. This is eq. 10's quotient, written without its
    difference of nearly equal numbers, which loses all digits near a = 1.
    """
    shape = model.r + x
    z = horizon / (model.alpha + age + horizon)
    # P(N = n) is at most (1 + sqrt z)^shape z^(n/2) times another negative binomial's, hence what
    # lies beyond this many terms is below (number of terms) exp(-42), or 1e-13.
    terms = np.arange(np.ceil(-2 * (shape * np.log(2) + 42) / np.log(z)))
    stayed = np.cumprod((model.b + x + terms[:-1]) / (model.a + model.b + x + terms[:-1]))
    return float(betainc(terms + 1, shape, z) @ np.concatenate([[1.0], stayed]))


def expected_purchases(
    model: BgNbdModel, histories: PurchaseHistories, horizon_weeks: float
) -> FloatArray:
    """Purchases to expect of each customer within a horizon, given their history (eq. 10).

    Args:
        model: fitted, or rebuilt from rows.
        histories: as of the date from which the horizon runs.
        horizon_weeks: its length, above 0 and finite.

    Returns:
        Shape (histories,), 0 or more.

    Raises:
        ValueError: the horizon is not a finite number above 0.

    Example:
        >>> x, last, age = np.array([[0.0], [0.0], [38.86]])  # bought but once
        >>> once = PurchaseHistories(x, last, age, np.ones(1))
        >>> cdnow = BgNbdModel(0.243, 4.414, 0.793, 2.426, 39.0, 0.0)
        >>> expected_purchases(cdnow, once, 39.0).round(3)
        array([0.195])
    """
    if not (np.isfinite(horizon_weeks) and horizon_weeks > 0):
        raise ValueError(
            f"expected a horizon above 0 weeks, and a finite one, got {horizon_weeks}; ask for as "
            "many weeks as the label window has"
        )
    pairs = np.column_stack([histories.repeat_count, histories.age_weeks])
    distinct, inverse = np.unique(pairs, axis=0, return_inverse=True)
    alive = np.array([_expected_while_alive(model, x, age, horizon_weeks) for x, age in distinct])
    return np.asarray(alive[inverse] * probability_alive(model, histories))


def predict_bg_nbd(model: BgNbdModel, matrix: FeatureMatrix) -> FloatArray:
    """Probability of returning within the model's horizon, uncalibrated, shape (rows,).

    P(alive) times the probability that one who is alive buys at least once: the negative binomial
    with shape r + x has no purchase with probability ((alpha + T) / (alpha + T + t)) ** (r + x),
    and nobody leaves before the first of them. Exact, while the published baseline ranks by the
    expected purchases; its level is left to a recalibration, as with every family.

    Raises:
        FeatureError: a feature is absent, or missing for a customer.
        ValueError: a history cannot have happened.
    """
    histories = histories_from_features(matrix)
    age = model.alpha + histories.age_weeks
    log_none = (model.r + histories.repeat_count) * np.log(age / (age + model.horizon_weeks))
    return np.asarray(probability_alive(model, histories) * -np.expm1(log_none))


def to_rows(model: BgNbdModel) -> list[ParameterRow]:
    """One row per number of the model, and ``is_used`` for each feature that it is scored from."""
    return [
        *(ParameterRow(name, getattr(model, name)) for name in NUMBER_NAMES),
        *(ParameterRow("is_used", 1.0, feature_name=name) for name in FEATURE_NAMES),
    ]


def from_rows(rows: Sequence[ParameterRow]) -> BgNbdModel:
    """Rebuild a model from its rows.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    grouped = group_rows(rows)
    r, alpha, a, b, horizon_weeks, at_best = (look_up(grouped, name) for name in NUMBER_NAMES)
    return BgNbdModel(r, alpha, a, b, horizon_weeks, at_best)

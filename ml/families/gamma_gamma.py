"""Gamma-Gamma: what customers spend on average, drawn to the mean of all where they bought little.

Each purchase is gamma distributed around a mean of the customer's own; the means vary across
customers such that their scale is gamma distributed. Assumes that how much people spend does not
depend on how often they buy.

Source: Fader and Hardie (2013), The Gamma-Gamma model of monetary value; Fader, Hardie and Lee
(2005), RFM and CLV: using iso-value curves for customer base analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, psi

from ml.features import FloatArray
from ml.maximum_likelihood import maximize_likelihood
from ml.parameters import ParameterRow, group_rows, look_up

FAMILY = "gamma_gamma"
NUMBER_NAMES = ("p", "q", "v", "log_likelihood")

# Of p, q and of v in units of the median amount; wide enough for any shop.
BOUNDS = {"p": (1e-3, 1e5), "q": (1e-3, 1e5), "v": (1e-5, 1e5)}


@dataclass(frozen=True)
class AverageSpends:
    """How often and how much some customers spent.

    Attributes:
        purchase_count: x, purchases that the average is of; the papers leave each customer's first
            one out.
        average_amount: their mean, in the shop's currency, above 0; ignored where x is 0.
    """

    purchase_count: FloatArray
    average_amount: FloatArray

    def __post_init__(self) -> None:
        """Refuse what the family gives no probability to."""
        x, amount = self.purchase_count, self.average_amount
        if x.ndim != 1 or x.shape != amount.shape:
            raise ValueError(
                "expected a count and an average for each customer, got shapes "
                f"{x.shape} and {amount.shape}; read them with one query"
            )
        is_usable = (x == 0) | ((x > 0) & np.isfinite(x) & np.isfinite(amount) & (amount > 0))
        if not is_usable.all():
            first = int(np.argmin(is_usable))
            raise ValueError(
                f"{int((~is_usable).sum())} customers have no gamma distributed average: the first "
                f"has {x[first]} purchases of {amount[first]} on average; expected counts from 0 "
                "up and amounts above 0, so leave free orders out"
            )


@dataclass(frozen=True)
class GammaGammaModel:
    """A fitted Gamma-Gamma model.

    Attributes:
        p: shape of one purchase's amount.
        q: shape of the gamma distribution of the customers' scales.
        v: its rate, in the shop's currency; the mean amount is p v / (q - 1).
        log_likelihood: of the training averages, in nats.
        degeneracy: why the parameters are not to be trusted, in a sentence; empty where they are.
            It is no number, hence no row: a model rebuilt from its rows does not know.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    degeneracy: str = ""

    def __post_init__(self) -> None:
        """Refuse what is outside the family."""
        for name in ("p", "q", "v"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(
                    f"expected a positive number for {name} of Gamma-Gamma, got {value}; fit again"
                )

    @property
    def is_degenerate(self) -> bool:
        """Whether the parameters are not to be trusted."""
        return bool(self.degeneracy)


def _log_likelihood(parameters: FloatArray, spends: AverageSpends) -> tuple[float, FloatArray]:
    """Log-likelihood (eq. 1a of the note of 2013) and its gradient by p, q, v."""
    p, q, v = parameters
    bought = spends.purchase_count > 0
    x, amount = spends.purchase_count[bought], spends.average_amount[bought]
    total = x * amount
    value = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + p * x * np.log(total)
        - np.log(amount)
        - (p * x + q) * np.log(v + total)
    )
    by_p = x * (psi(p * x + q) - psi(p * x) + np.log(total / (v + total)))
    by_q = psi(p * x + q) - psi(q) + np.log(v / (v + total))
    by_v = q / v - (p * x + q) / (v + total)
    return float(value.sum()), np.array([by.sum() for by in (by_p, by_q, by_v)])


def fit_gamma_gamma(
    spends: AverageSpends, *, start_count: int = 5, seed: int = 0
) -> GammaGammaModel:
    """Fit the Gamma-Gamma model by maximum likelihood.

    Args:
        spends: averages of one purchase or more; customers without any say nothing.
        start_count: where the search begins, at least 2; the best optimum is kept.
        seed: of the random starts.

    Returns:
        The model; ``degeneracy`` says in a sentence where its parameters mean nothing.

    Raises:
        ValueError: nobody bought, or fewer than 2 starts.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.integers(1, 9, 20_000).astype(float)
        >>> scale = rng.gamma(4, 1 / 15, 20_000)
        >>> spends = AverageSpends(x, rng.gamma(6 * x, 1 / (scale * x)))
        >>> model = fit_gamma_gamma(spends)
        >>> round(model.p), round(model.q), round(model.v), model.is_degenerate
        (6, 4, 15, False)
    """
    bought = spends.purchase_count > 0
    if not bought.any():
        raise ValueError("expected a purchase or more, got none; build the features first")
    counts, amounts = spends.purchase_count[bought], spends.average_amount[bought]
    # In units of the median, so that bounds and starts suit every currency. The mean would hang on
    # a few large amounts, and on the largest alone where the model's own mean is infinite.
    unit = float(np.median(amounts))
    scaled, customers = AverageSpends(counts, amounts / unit), len(counts)

    def mean_likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _log_likelihood(parameters, scaled)
        return value / customers, gradient / customers

    fit = maximize_likelihood(
        mean_likelihood,
        BOUNDS,
        {"p": 2.0, "q": 2.0, "v": 1.0},
        row_count=customers,
        start_count=start_count,
        seed=seed,
    )
    p, q, v = (float(value) for value in fit.parameters)
    degeneracy = fit.degeneracy
    if not degeneracy and q <= 1:
        degeneracy = f"q is {q:.4g}, and at 1 or below the mean amount is infinite"
    at_best = fit.log_likelihood - customers * float(np.log(unit))
    return GammaGammaModel(p, q, v * unit, at_best, degeneracy)


def log_likelihood(model: GammaGammaModel, spends: AverageSpends) -> float:
    """Log-likelihood of averages under a model, in nats.

    Example:
        >>> one = AverageSpends(np.ones(1), np.ones(1))
        >>> float(np.exp(log_likelihood(GammaGammaModel(1, 1, 1, 0.0), one)))
        0.25
    """
    return _log_likelihood(np.array([model.p, model.q, model.v]), spends)[0]


def expected_average_amount(model: GammaGammaModel, spends: AverageSpends) -> FloatArray:
    """What each customer will spend on average, given what they spent so far (eq. 5).

    A mean of their own average and everybody's, in which their own weighs the more the more
    purchases it is of. Everybody's mean for those without a purchase.

    Args:
        model: fitted, or rebuilt from rows.
        spends: customers, with or without purchases.

    Returns:
        Shape (customers,), in the shop's currency.

    Raises:
        ValueError: the mean is infinite for somebody (p x + q at 1 or below).

    Example:
        >>> spends = AverageSpends(np.array([0.0, 1.0, 1000.0]), np.array([0.0, 90.0, 90.0]))
        >>> expected_average_amount(GammaGammaModel(6.25, 3.74, 15.44, 0.0), spends).round(1)
        array([35.2, 73.3, 90. ])
    """
    x = spends.purchase_count
    weight = model.p * x + model.q - 1
    if (weight <= 0).any():
        raise ValueError(
            f"expected p x + q above 1, got {weight.min() + 1:.4g}: the mean amount is infinite; "
            "ask for customers with purchases only, or fit on others"
        )
    total = np.where(x > 0, x * np.where(x > 0, spends.average_amount, 0.0), 0.0)
    return np.asarray(model.p * (model.v + total) / weight)


def to_rows(model: GammaGammaModel) -> list[ParameterRow]:
    """One row per number of the model."""
    return [ParameterRow(name, getattr(model, name)) for name in NUMBER_NAMES]


def from_rows(rows: Sequence[ParameterRow]) -> GammaGammaModel:
    """Rebuild a model from its rows.

    Raises:
        ValueError: a row is missing, or two rows say the same.
    """
    grouped = group_rows(rows)
    p, q, v, at_best = (look_up(grouped, name) for name in NUMBER_NAMES)
    return GammaGammaModel(p, q, v, at_best)

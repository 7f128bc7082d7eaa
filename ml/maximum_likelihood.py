"""Maximum likelihood with several starts, and a sentence where the maximum is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ml.features import FloatArray

Likelihood = Callable[[FloatArray], tuple[float, FloatArray]]

# Starts are drawn from a tenth to ten times the place where the search is told to begin.
START_SPREAD = 10.0
# Log-likelihoods nearer than this are one optimum: a factor of 1.01 in how likely the data are.
SAME_LIKELIHOOD = 0.01
# Parameters of one optimum may differ by this share from start to start.
SAME_PARAMETER = 0.05


@dataclass(frozen=True)
class Maximum:
    """Where a likelihood is greatest.

    Attributes:
        parameters: shape (parameters,), positive.
        log_likelihood: there, in nats.
        degeneracy: why the parameters are not to be trusted, in a sentence; empty where they are.
    """

    parameters: FloatArray
    log_likelihood: float
    degeneracy: str


def maximize_likelihood(
    likelihood: Likelihood,
    bounds: Mapping[str, tuple[float, float]],
    typical: Mapping[str, float],
    *,
    row_count: float,
    start_count: int,
    seed: int,
) -> Maximum:
    """Maximize a log-likelihood over positive parameters, by L-BFGS-B on their logarithms.

    A fit is degenerate where a parameter ends at a bound (the likelihood rises towards a model that
    is not in the family), where a single start finds the best optimum, or where several starts find
    one as good with other parameters (a ridge).

    Args:
        likelihood: positive parameters to the mean log-likelihood and its gradient by them.
        bounds: parameter name to its lowest and highest value, both above 0.
        typical: parameter name to the place where the first start begins.
        row_count: how many observations the mean is of.
        start_count: how often to begin, at least 2.
        seed: of the random starts.

    Returns:
        The best optimum found, with the log-likelihood of all observations together.

    Raises:
        ValueError: fewer than 2 starts.

    Source:
        Byrd, Lu, Nocedal and Zhu (1995), A limited memory algorithm for bound constrained
        optimization.

    Example:
        >>> def exponential_of_mean_4(rate):
        ...     return float(np.log(rate[0]) - 4 * rate[0]), 1 / rate - 4
        >>> bounds, typical = {"rate": (1e-3, 1e3)}, {"rate": 1.0}
        >>> found = maximize_likelihood(
        ...     exponential_of_mean_4, bounds, typical, row_count=10, start_count=3, seed=0
        ... )
        >>> found.parameters.round(6), found.degeneracy
        (array([0.25]), '')
    """
    if start_count < 2:
        raise ValueError(
            f"expected 2 or more starts, got {start_count}; with one, nothing tells a local "
            "optimum from the best"
        )

    def loss(logarithms: FloatArray) -> tuple[float, FloatArray]:
        parameters = np.exp(logarithms)
        value, gradient = likelihood(parameters)
        return -value, -gradient * parameters

    names = tuple(bounds)
    limits = np.log([bounds[name] for name in names])
    center = np.log([typical[name] for name in names])
    rng = np.random.default_rng(seed)
    spread = np.log(START_SPREAD) * rng.uniform(-1, 1, (start_count - 1, len(names)))
    starts = np.clip(np.vstack([center, center + spread]), limits[:, 0], limits[:, 1])
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000, "maxfun": 20_000}
    maxima = [
        minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options=options)
        for start in starts
    ]
    best = min(maxima, key=lambda result: float(result.fun))
    near = [result for result in maxima if (result.fun - best.fun) * row_count < SAME_LIKELIHOOD]
    estimates = np.exp([result.x for result in near])
    return Maximum(
        np.exp(best.x),
        -float(best.fun) * row_count,
        _degeneracy(dict(zip(names, estimates.T, strict=True)), best.x, limits, start_count),
    )


def _degeneracy(
    estimates: Mapping[str, FloatArray], best: FloatArray, limits: FloatArray, start_count: int
) -> str:
    """Why a maximum is none, in a sentence; empty where it is one."""
    for name, at, limit in zip(estimates, best, limits, strict=True):
        for word, end in zip(("lower", "upper"), limit, strict=True):
            if abs(at - end) < SAME_PARAMETER:
                return (
                    f"{name} runs to its {word} bound {np.exp(end):g}, where the likelihood still "
                    "rises: these data have no best model of this family"
                )
    for name, values in estimates.items():
        if len(values) == 1:
            return (
                f"only 1 of {start_count} starts found the best log-likelihood, so a better one "
                "may exist; fit with more starts"
            )
        if values.max() > values.min() * (1 + SAME_PARAMETER):
            return (
                f"{len(values)} of {start_count} starts agree on the log-likelihood but not on "
                f"{name}, from {values.min():.4g} to {values.max():.4g}: these data do not tell"
            )
    return ""

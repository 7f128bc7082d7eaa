"""What must hold of labels, scores and settings before anything is judged by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ml.churn.ranking import BoolArray, IntArray
from ml.features import FloatArray

MODEL = "model"


BASE_RATE = "base rate"


def require_judgeable(
    is_returning: BoolArray,
    probabilities: Mapping[str, FloatArray],
    baselines: Mapping[str, FloatArray | IntArray],
) -> None:
    """Refuse labels of one class, and scores that do not fit them.

    Raises:
        ValueError: what was expected, and what came.
    """
    if is_returning.all() or not is_returning.any():
        raise ValueError(
            f"expected both returning and lost customers in the test period, got only "
            f"{'returning' if is_returning.any() else 'lost'} ones among {len(is_returning)}; "
            "choose another test date"
        )
    if not baselines:
        raise ValueError(
            "expected at least one baseline, got none; a score means nothing alone, so give a "
            "baseline such as recency"
        )
    for name, score in {**baselines, **probabilities}.items():
        if score.shape != is_returning.shape:
            raise ValueError(
                f"expected one score of {name} for each of {len(is_returning)} customers, got "
                f"shape {score.shape}; read scores and labels with one query"
            )
    for name, score in baselines.items():
        if not np.isfinite(score).all():
            raise ValueError(
                f"expected finite scores of {name}, got {int((~np.isfinite(score)).sum())} that "
                "are missing or infinite; say what the baseline does with these customers"
            )
    for name, score in probabilities.items():
        if not ((score >= 0) & (score <= 1)).all():
            raise ValueError(
                f"expected probabilities of {name} between 0 and 1, got {score.min()} to "
                f"{score.max()}; pass probabilities, not log-odds"
            )


def require_own_names(names: Sequence[str]) -> None:
    """Refuse a baseline called like the model or the base rate.

    Raises:
        ValueError: a name is taken.
    """
    for name in (MODEL, BASE_RATE):
        if name in names:
            raise ValueError(
                f"expected baselines with names of their own, got {name!r}; the model and the base "
                "rate are judged in any case, so leave it out or call it something else"
            )


def require_settings(
    train_base_rate: float, contact_cost: float, return_value: float, resample_count: int
) -> None:
    """Refuse a rate, costs or a number of samples that make no sense.

    Raises:
        ValueError: one of them is out of bounds.
    """
    if not 0 <= train_base_rate <= 1:
        raise ValueError(
            f"expected a base rate between 0 and 1, got {train_base_rate}; pass the share that "
            "returned in training"
        )
    if contact_cost < 0 or return_value <= 0:
        raise ValueError(
            f"expected a cost of contact of at least 0 and a value of a return above 0, got "
            f"{contact_cost} and {return_value}; mend the fit's settings"
        )
    require_samples(resample_count)


def require_samples(resample_count: int) -> None:
    """Refuse a bootstrap without samples.

    Raises:
        ValueError: less than 1 sample.
    """
    if resample_count < 1:
        raise ValueError(
            f"expected at least 1 bootstrap sample, got {resample_count}; bounds need some 200"
        )

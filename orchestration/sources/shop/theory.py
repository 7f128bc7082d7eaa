"""What follows from what was planted: how much is to be expected, and by how much pairs lift."""

from __future__ import annotations

import numpy as np

from orchestration.sources.shop.baskets import MAX_RESTOCKED, PAID_SHARE
from orchestration.sources.shop.catalogue import Catalogue
from orchestration.sources.shop.moments import BoolArray, FloatArray
from orchestration.sources.shop.people import People


def expect_orders(rate: FloatArray, dropout_rate: FloatArray, days: float) -> FloatArray:
    """Orders of people who have not dropped out, in so many days from now on.

    Args:
        rate: purchases per day, people.
        dropout_rate: of leaving, per day, people.
        days: of the period.

    Source:
        Schmittlein, Morrison and Colombo (1987): a Poisson process up to an exponential time.

    Example:
        >>> expect_orders(np.array([0.1]), np.array([0.0]), 90).tolist()
        [9.0]
    """
    return rate * _discounted_days(dropout_rate, days)


def _discounted_days(dropout_rate: FloatArray, days: FloatArray | float) -> FloatArray:
    """Days of a period that somebody sees before they leave: (1 - exp(-rate days)) / rate."""
    safe = np.where(dropout_rate > 0, dropout_rate, 1.0)
    return np.where(dropout_rate > 0, -np.expm1(-safe * days) / safe, days)


def expect_restocked(
    rate: FloatArray,
    dropout_rate: FloatArray,
    interval: FloatArray,
    since: FloatArray,
    days: float,
) -> FloatArray:
    """Pieces of a habit that people who have not dropped out buy in so many days from now on.

    Of an order with a gap g to the one before, min(g / interval, ``MAX_RESTOCKED``) are expected,
    so the gap counts up to a cap C. At v days from now it is an exponential time, where that is
    below v; else it is v + since, for there was no order in between. Its mean up to the cap is

        (1 - exp(-rate v)) / rate + exp(-rate v) min(since, C - v)    for v < C
        (1 - exp(-rate C)) / rate                                     for v >= C

    which is integrated over v with the weight rate exp(-dropout v): orders of people still there.

    Args:
        rate: purchases per day.
        dropout_rate: of leaving, per day.
        interval: days in which a piece is used up; not a number for no habit, and for none.
        since: days since the last order.
        days: of the period.
    """
    cap = MAX_RESTOCKED * interval
    both = rate + dropout_rate
    near = np.minimum(cap, days)  # until then the gap may reach back before now
    full = np.clip(cap - since, 0, near)  # and until then by all the days since the last order
    whole_period = _discounted_days(dropout_rate, days)
    late = whole_period - _discounted_days(dropout_rate, near)
    within = whole_period - _discounted_days(both, near) - np.exp(-rate * cap) * late

    def integral(v: FloatArray) -> FloatArray:
        """Of exp(-both v) (cap - v)."""
        return np.asarray(np.exp(-both * v) * (1 / both - (cap - v)) / both)

    before = since * _discounted_days(both, full) + integral(near) - integral(full)
    return np.asarray((within + rate * before) / interval)


def expect_order_amount(catalogue: Catalogue, people: People) -> FloatArray:
    """Euros of an order of each person, less discounts, without what they use up by habit."""
    inside = _inclusion(catalogue)
    euros = catalogue.price_cents[: catalogue.product_count] / 100
    return np.asarray((inside @ euros)[people.taste] * people.pieces * PAID_SHARE)


def expect_value(
    catalogue: Catalogue,
    people: People,
    *,
    is_alive: BoolArray,
    since: FloatArray,
    days: float,
) -> tuple[FloatArray, FloatArray]:
    """Orders and euros of each person in so many days from now on, before returns.

    Args:
        catalogue: with prices.
        people: with their true rates.
        is_alive: whether they have not dropped out.
        since: days since their last order.
        days: of the period.
    """
    orders = expect_orders(people.rate, people.dropout_rate, days)
    pieces = expect_restocked(
        people.rate[:, None], people.dropout_rate[:, None], people.habit_interval,
        since[:, None], days,
    )  # fmt: skip
    euros = np.where(people.habit >= 0, catalogue.price_cents[people.habit] / 100, 0.0)
    by_habit = (np.nan_to_num(pieces) * euros).sum(axis=1) * PAID_SHARE
    amount = orders * expect_order_amount(catalogue, people) + by_habit
    return np.where(is_alive, orders, 0.0), np.where(is_alive, amount, 0.0)


def _avoid(catalogue: Catalogue, probability: FloatArray) -> FloatArray:
    """Probability that no pick of an order is among products of this probability."""
    return np.asarray(
        np.polynomial.polynomial.polyval(1 - probability, [0, *catalogue.pick_counts])
    )


def _inclusion(catalogue: Catalogue) -> FloatArray:
    """Taste by product: probability that an order has it, habits left aside."""
    inside = 1 - _avoid(catalogue, catalogue.pick_probability)
    pairs = pair_probabilities(catalogue)
    inside[:, pairs["companion"]] = pairs["companion_inside"]
    return inside


def pair_probabilities(catalogue: Catalogue) -> dict[str, np.ndarray]:
    """Of each planted pair, by taste, what share of orders has either and both.

    An order has both unless it lacks the first, or has the first by a pick, but the second neither
    by a pick nor by the affinity.

    Returns:
        ``product`` and ``companion`` as numbers; ``product_inside``, ``companion_inside``, ``both``
        and, without the affinity, ``companion_alone`` and ``both_alone``: taste by pair.
    """
    product = np.flatnonzero(catalogue.companion >= 0)
    companion = catalogue.companion[product]
    attach = catalogue.attach_probability[product]
    first, second = (catalogue.pick_probability[:, products] for products in (product, companion))
    inside = 1 - _avoid(catalogue, first)
    only_first = _avoid(catalogue, second) - _avoid(catalogue, first + second)
    alone = 1 - _avoid(catalogue, second)
    return {
        "product": product,
        "companion": companion,
        "product_inside": inside,
        "companion_inside": alone + only_first * attach,
        "both": inside - only_first * (1 - attach),
        "companion_alone": alone,
        "both_alone": inside - only_first,
    }

"""Kinds of demo shop, and the types of customers that are planted in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestration.sources.olist.calendar import SHOP_CLOSES, SHOP_OPENS

ITEM_COUNTS = (1, 2, 3, 4, 5, 6, 7, 10)
ITEM_COUNT_SHARES = (0.9007, 0.0762, 0.0134, 0.0051, 0.0021, 0.0020, 0.0003, 0.0002)
SAME_PRODUCT_AGAIN_SHARE = 0.67  # of further items; 3,236 of 9,803 larger baskets are mixed
PAYMENT_TYPES = ("credit_card", "boleto", "voucher", "debit_card")
PAYMENT_SHARES = (0.766, 0.199, 0.020, 0.015)
SPLIT_PAYMENT_SHARE = 0.0298
SPLIT_BASKET_SHARE = 0.0085  # another order within a day: one basket, split by seller or payment
SCORE_SHARES_ON_TIME = (0.066, 0.026, 0.079, 0.204, 0.625)
SCORE_SHARES_LATE = (0.54, 0.08, 0.12, 0.12, 0.14)


@dataclass(frozen=True)
class CustomerType:
    """A planted kind of customer; by default one that buys once and is like most in Olist.

    Attributes:
        name: written to the truth file.
        share: of all people, 0 to 1.
        mean_purchase_rate_per_day: purchases per day while alive, mean over the type.
        dropout_probability: of leaving for good after a purchase, 0 to 1.
        log_price_shift: added to the natural logarithm of what they pick.
        mean_instalments: for card payments.
        min_instalments: for card payments.
        rates_vary: whether each person has a purchase rate of their own, or all the mean.
        min_order_count: nobody leaves for good before so many orders, split baskets not counted.
        first_order_from: first day (inclusive) of the period in which they find the shop.
        first_order_before: its last day (exclusive).
        item_count_shares: weight of each of ``ITEM_COUNTS`` in an order.
        same_product_again_share: of further items in an order, 0 to 1.
        payment_shares: weight of each of ``PAYMENT_TYPES`` as an order's first payment.
        transit_factor: by how much longer parcels travel; what is promised stays the same, so
            they come late and are rated accordingly.
        states: where they live, everywhere if empty.
    """

    name: str
    share: float
    mean_purchase_rate_per_day: float = 0.0
    dropout_probability: float = 1.0
    log_price_shift: float = 0.0
    mean_instalments: float = 3.4
    min_instalments: int = 0
    rates_vary: bool = True
    min_order_count: int = 1
    first_order_from: np.datetime64 = SHOP_OPENS
    first_order_before: np.datetime64 = SHOP_CLOSES
    item_count_shares: tuple[float, ...] = ITEM_COUNT_SHARES
    same_product_again_share: float = SAME_PRODUCT_AGAIN_SHARE
    payment_shares: tuple[float, ...] = PAYMENT_SHARES
    transit_factor: float = 1.0
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A kind of shop.

    Attributes:
        types: who buys there; their shares sum to 1.
        split_basket_share: of orders that another one follows within a day, 0 to 1.
        split_payment_share: of orders that are paid in several rows, 0 to 1.
        score_shares_on_time: weight of each of 1 to 5 stars where the parcel came in time.
        score_shares_late: the same where it did not.
    """

    types: tuple[CustomerType, ...]
    split_basket_share: float = SPLIT_BASKET_SHARE
    split_payment_share: float = SPLIT_PAYMENT_SHARE
    score_shares_on_time: tuple[float, ...] = SCORE_SHARES_ON_TIME
    score_shares_late: tuple[float, ...] = SCORE_SHARES_LATE


LAYOUT = "marketplace_tables"
DEFAULT_SCENARIO = "one_time_buyers"
NORTH = ("AC", "AM", "AP", "MA", "PA", "RO", "RR")
BIG_BASKETS = (0.0, 0.0, 0.05, 0.15, 0.25, 0.25, 0.20, 0.10)  # of ITEM_COUNTS
SEVERAL_PIECES = (0.35, 0.35, 0.20, 0.10, 0.0, 0.0, 0.0, 0.0)
BY_CARD = (0.97, 0.01, 0.01, 0.01)  # of PAYMENT_TYPES
BY_VOUCHER = (0.01, 0.02, 0.95, 0.02)


def _from_until(first: str, before: str) -> dict[str, Any]:
    return {
        "first_order_from": np.datetime64(first, "D"),
        "first_order_before": np.datetime64(before, "D"),
    }


# Orders end well before the data does, so that nearly every parcel has come and is rated.
_WHILE_COMPLETE = _from_until("2017-01-01", "2018-06-01")

# One rate for the whole type, at any time and for ever: when they come back is pure chance.
_MEMORYLESS: dict[str, Any] = {"dropout_probability": 0.0, "rates_vary": False}
_SELDOM_AGAIN: dict[str, Any] = {"mean_purchase_rate_per_day": 1 / 6_000, **_MEMORYLESS}

# One piece, one card payment, no instalments: nothing that could make groups.
_PLAIN: dict[str, Any] = {
    "mean_instalments": 1.0,
    "item_count_shares": (1.0, *[0.0] * (len(ITEM_COUNTS) - 1)),
    "payment_shares": (1.0, *[0.0] * (len(PAYMENT_TYPES) - 1)),
}
FIVE_STARS = (0.0, 0.0, 0.0, 0.0, 1.0)
SCENARIOS = {
    # Like the published files: nearly everybody buys once.
    DEFAULT_SCENARIO: Scenario(
        (
            CustomerType("one_timer", 0.745, 0.0, 1.0, 0.0, 3.4),
            CustomerType("occasional", 0.25, 1 / 400, 0.77, 0.1, 3.8),
            CustomerType("regular", 0.005, 1 / 45, 0.4, -0.1, 2.6),
        )
    ),
    # Five types far apart in many ways, though not in when they buy. Frequent buyers order again
    # within days, for some weeks: regulars over months would be returns that are easy to foresee.
    "separable_types": Scenario(
        (
            CustomerType(
                "bargain_hunter", 0.25, log_price_shift=-1.3, mean_instalments=1.0,
                payment_shares=BY_VOUCHER, **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "big_spender", 0.15, log_price_shift=2.0, mean_instalments=3.0,
                min_instalments=8, payment_shares=BY_CARD, **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "far_away", 0.25, mean_instalments=2.0, transit_factor=3.5, states=NORTH,
                **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "big_basket", 0.15, log_price_shift=-0.7, mean_instalments=2.0,
                item_count_shares=BIG_BASKETS, same_product_again_share=0.05,
                **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "frequent_buyer", 0.20, mean_purchase_rate_per_day=1 / 2, dropout_probability=0.4,
                rates_vary=False, min_order_count=5, **_WHILE_COMPLETE,
            ),
        )
    ),
    # Three types that are alike in everything but when they find the shop. Nobody comes back, and
    # nothing else makes groups: what they pay and how long it takes are clouds without a gap.
    "recency_only": Scenario(
        (
            CustomerType("early", 0.35, **_PLAIN, **_from_until("2017-01-15", "2017-03-15")),
            CustomerType("middle", 0.35, **_PLAIN, **_from_until("2017-08-15", "2017-10-15")),
            CustomerType("late", 0.30, **_PLAIN, **_from_until("2018-04-01", "2018-06-01")),
        ),
        split_basket_share=0.0,
        split_payment_share=0.0,
        score_shares_on_time=FIVE_STARS,
        score_shares_late=FIVE_STARS,
    ),
    # Who comes back is told by the first order, how soon is chance. Somebody who knew the types
    # would find 25, 4 and 4 % returning in 180 days, an area under the curve of 0.74.
    "learnable_returns": Scenario(
        (
            CustomerType(
                "fan", 0.30, mean_purchase_rate_per_day=1 / 626, log_price_shift=-0.7,
                mean_instalments=1.2, item_count_shares=SEVERAL_PIECES, **_MEMORYLESS,
            ),
            CustomerType(
                "passer_by", 0.40, mean_purchase_rate_per_day=1 / 4_400, log_price_shift=0.8,
                mean_instalments=6.0, **_MEMORYLESS,
            ),
            CustomerType(
                "disappointed", 0.30, mean_purchase_rate_per_day=1 / 4_400, transit_factor=3.0,
                states=NORTH, **_MEMORYLESS,
            ),
        )
    ),
    # One rate for everybody and at any time, some 10 % in 180 days: nothing tells who returns.
    "chance_returns": Scenario(
        (CustomerType("anybody", 1.0, mean_purchase_rate_per_day=1 / 1_700, **_MEMORYLESS),),
        split_basket_share=0.0,
    ),
}  # fmt: skip


def find_scenario(name: str) -> Scenario:
    """The kind of shop that has this name.

    Raises:
        ValueError: there is none.

    Example:
        >>> [kind.name for kind in find_scenario("recency_only").types]
        ['early', 'middle', 'late']
    """
    if name not in SCENARIOS:
        raise ValueError(
            f"scenario must be one of {', '.join(SCENARIOS)}, got {name!r}; "
            "choose one of these, or describe yours in SCENARIOS"
        )
    return SCENARIOS[name]

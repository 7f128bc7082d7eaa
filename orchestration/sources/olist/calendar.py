"""When the demo shop is open, and on which days and at which hours people order."""

from __future__ import annotations

import numpy as np

from orchestration.sources.olist.draws import FloatArray, IntArray, pick

SECONDS_PER_DAY = 86_400
SHOP_OPENS = np.datetime64("2016-09-04", "D")
SHOP_CLOSES = np.datetime64("2018-10-18", "D")
DATA_IS_COMPLETE_BEFORE = np.datetime64("2018-08-30", "s").astype(np.int64)

# Orders per month, September 2016 to October 2018.
MONTHLY_ORDERS = (
    4, 324, 0, 1, 800, 1780, 2682, 2404, 3700, 3245, 4026, 4331, 4285, 4631, 7544, 5673,
    7269, 6728, 7211, 6939, 6873, 6167, 6292, 6512, 16, 4,
)  # fmt: skip
WEEKDAY_FACTORS = (1.14, 1.12, 1.09, 1.04, 0.99, 0.77, 0.84)  # Monday first
BLACK_FRIDAY = np.datetime64("2017-11-24", "D")
BLACK_FRIDAY_FACTOR = 5.0
HOURLY_ORDERS = (
    2394, 1170, 510, 272, 206, 188, 502, 1231, 2967, 4785, 6177, 6578,
    5995, 6518, 6569, 6454, 6675, 6150, 5769, 5982, 6193, 6217, 5816, 4123,
)  # fmt: skip


def day_weights() -> tuple[IntArray, FloatArray]:
    """Each day the shop was open, as days since 1970, and the weight of a first order on it."""
    days = np.arange(SHOP_OPENS, SHOP_CLOSES)
    month = days.astype("datetime64[M]")
    index = (month - np.datetime64("2016-09", "M")).astype(int)
    number = days.astype(np.int64)
    factor = np.array(WEEKDAY_FACTORS)[(number + 3) % 7]  # 1970-01-01 was a Thursday
    factor = np.where(days == BLACK_FRIDAY, BLACK_FRIDAY_FACTOR, factor)
    # The last complete day is 2018-08-29; the two days left of that month are nearly empty.
    in_tail = (days >= np.datetime64("2018-08-30")) & (days < np.datetime64("2018-09-01"))
    factor = np.where(in_tail, 0.02, factor)
    per_month = np.bincount(index, weights=factor, minlength=len(MONTHLY_ORDERS))
    return number, np.array(MONTHLY_ORDERS)[index] * factor / per_month[index]


def draw_clock_times(rng: np.random.Generator, count: int) -> IntArray:
    """Seconds since midnight, by the hours at which people order."""
    return pick(rng, HOURLY_ORDERS, count) * 3600 + rng.integers(0, 3600, count)

"""The shop's time: even days, in which people buy at random, and the moments that they become.

People buy at rates that do not change, so their purchases are drawn in days of equal weight. Within
each week these are moved to the hours in which shops sell; whole weeks stay as long as they are.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

OPENS = np.datetime64("2023-01-02", "s")  # a Monday
SPAN_DAYS = 728.0  # so that the last week is whole, too
CLOSES = OPENS + np.timedelta64(int(SPAN_DAYS), "D")
SECONDS_PER_DAY = 86_400
# No moment lies further ahead: somebody who never leaves would, by thousands of years.
MAX_DAYS_AHEAD = 36_500.0

WEEKDAY_WEIGHTS = (1.10, 1.06, 1.02, 1.00, 0.92, 0.85, 1.05)  # Monday first
HOURLY_WEIGHTS = (
    0.4, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 0.9, 1.3, 1.5, 1.6, 1.5,
    1.4, 1.4, 1.3, 1.3, 1.4, 1.5, 1.7, 1.9, 2.0, 1.8, 1.3, 0.8,
)  # fmt: skip


def _edges() -> FloatArray:
    """Share of a week's purchases before the end of each of its hours, from 0 to 1."""
    weights = np.outer(WEEKDAY_WEIGHTS, HOURLY_WEIGHTS).ravel()
    return np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])


EDGES = _edges()


def to_seconds(days: FloatArray) -> IntArray:
    """The moments of even days since the shop opened, in seconds since 1970; their order is kept.

    Example:
        >>> to_seconds(np.array([0.0, 7.0])).astype("datetime64[s]").astype(str).tolist()
        ['2023-01-02T00:00:00', '2023-01-09T00:00:00']
    """
    week = np.floor(days / 7)
    hours = np.interp(days / 7 - week, EDGES, np.arange(len(EDGES), dtype=np.float64))
    seconds = np.floor(week * 7 * SECONDS_PER_DAY + hours * 3_600)
    return OPENS.astype(np.int64) + seconds.astype(np.int64)


def to_timestamps(days: FloatArray) -> pa.Array:
    """The moments of even days as Arrow timestamps without a time zone; null where not a number."""
    unknown = np.isnan(days)
    return pa.array(to_seconds(np.where(unknown, 0.0, days)), pa.timestamp("s"), mask=unknown)

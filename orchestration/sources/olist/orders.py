"""The demo shop's orders: what became of each, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.sources.olist.calendar import DATA_IS_COMPLETE_BEFORE, SECONDS_PER_DAY
from orchestration.sources.olist.draws import BoolArray, FloatArray, IntArray, pick
from orchestration.sources.olist.people import PeopleTypes
from orchestration.sources.olist.places import Places
from orchestration.sources.olist.writing import CsvWriters, to_texts, to_timestamps

STATUSES = ("delivered", "shipped", "canceled", "unavailable", "invoiced", "processing",
            "created", "approved")  # fmt: skip
STATUS_SHARES = (0.97021, 0.01113, 0.00628, 0.00612, 0.00316, 0.00303, 0.00005, 0.00002)


@dataclass(frozen=True)
class Orders:
    """What later files need to know of each order; times in seconds since 1970."""

    place: IntArray
    status: IntArray
    ordered_at: IntArray
    shipped_at: FloatArray
    delivered_at: FloatArray
    is_delivered: BoolArray
    estimated_at: IntArray


def write_orders(
    writers: CsvWriters,
    rng: np.random.Generator,
    places: Places,
    buyers: PeopleTypes,
    order_id: pa.Array,
    order_customer_id: pa.Array,
    ordered_at: IntArray,
    place: IntArray,
) -> Orders:
    """One row per order; returns what later files need to know of each."""
    count = len(ordered_at)
    day = float(SECONDS_PER_DAY)
    status = pick(rng, STATUS_SHARES, count)
    status = np.where(ordered_at >= DATA_IS_COMPLETE_BEFORE, STATUSES.index("canceled"), status)
    is_delivered = status == STATUSES.index("delivered")
    is_canceled = status == STATUSES.index("canceled")

    slow = rng.random(count) < 0.2  # boleto is paid a day or two later
    wait = np.where(slow, rng.gamma(3, 0.5 * day, count), rng.exponential(900, count))
    approved_at = ordered_at + wait
    shipped_at = approved_at + np.exp(rng.normal(0.75, 0.75, count)) * day
    early = rng.random(count) < 0.0137  # handed over before it was approved
    shipped_at = np.where(early, ordered_at + rng.random(count) * (approved_at - ordered_at),
                          shipped_at)  # fmt: skip
    far = np.hypot(places.latitude[place] + 23.5, places.longitude[place] + 46.6)
    transit = np.exp(rng.normal(1.75 + 0.035 * np.minimum(far, 25), 0.52, count)) * day
    delivered_at = shipped_at + transit * buyers.values_of("transit_factor")
    backwards = rng.random(count) < 23 / 96_478
    delivered_at = np.where(backwards, shipped_at - day, delivered_at)
    promise = np.clip(rng.normal(21.5 + 0.5 * np.minimum(far, 25), 6.5, count), 3, 90)
    estimated_at = (ordered_at // SECONDS_PER_DAY + promise.astype(np.int64)) * SECONDS_PER_DAY

    stage = np.array([3, 2, 0, 1, 1, 1, 0, 1])[status]  # 1 approved, 2 handed over, 3 delivered
    stage = np.where(is_canceled & (rng.random(count) < 0.77), 1, stage)
    has_delivered = (stage == 3) & (rng.random(count) >= 8 / 96_478)
    has_delivered |= is_canceled & (rng.random(count) < 6 / 625)
    has_approved = (stage >= 1) & ~(is_delivered & (rng.random(count) < 14 / 96_478))
    writers.write(
        "olist_orders_dataset",
        {
            "order_id": order_id,
            "customer_id": order_customer_id,
            "order_status": to_texts(STATUSES, status),
            "order_purchase_timestamp": to_timestamps(ordered_at),
            "order_approved_at": to_timestamps(approved_at, ~has_approved),
            "order_delivered_carrier_date": to_timestamps(shipped_at, stage < 2),
            "order_delivered_customer_date": to_timestamps(delivered_at, ~has_delivered),
            "order_estimated_delivery_date": to_timestamps(estimated_at),
        },
    )
    return Orders(place, status, ordered_at, shipped_at, delivered_at, has_delivered, estimated_at)

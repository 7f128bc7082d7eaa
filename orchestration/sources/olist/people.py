"""Who buys in the demo shop and when, as in the BG/NBD story, and the file of customers.

While alive a person buys at random at their own rate, and after each purchase drops out with their
own probability (Fader, Hardie and Lee 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orchestration.sources.olist.calendar import (
    DATA_IS_COMPLETE_BEFORE,
    SECONDS_PER_DAY,
    SHOP_CLOSES,
    day_weights,
    draw_clock_times,
)
from orchestration.sources.olist.draws import FloatArray, IntArray, locate
from orchestration.sources.olist.places import STATES, Places, city_names
from orchestration.sources.olist.scenarios import CustomerType
from orchestration.sources.olist.writing import CsvWriters, to_prefixes, to_texts

BLOCK_PEOPLE = 100_000
MAX_ORDERS_PER_PERSON = 20
RATE_SHAPE = 1.0  # of the gamma that rates are drawn from within a type


@dataclass(frozen=True)
class PeopleTypes:
    """The types of a shop, and which of them each person (or each order's buyer) is."""

    types: tuple[CustomerType, ...]
    number: IntArray

    def of(self, rows: IntArray | slice) -> PeopleTypes:
        """Those of some rows only."""
        return PeopleTypes(self.types, self.number[rows])

    def values_of(self, attribute: str) -> NDArray[Any]:
        """What the type of each row has there."""
        return np.array([getattr(kind, attribute) for kind in self.types])[self.number]

    def pick(self, rng: np.random.Generator, shares: Callable[[CustomerType], Any]) -> IntArray:
        """An index for each row, drawn with the weights that its type has."""
        drawn = rng.random(len(self.number))
        picked = np.zeros(len(drawn), dtype=np.int64)
        for number, kind in enumerate(self.types):
            rows = self.number == number
            picked[rows] = locate(shares(kind), drawn[rows])
        return picked


def simulate_purchases(
    rng: np.random.Generator, kinds: PeopleTypes, rate: FloatArray, split_basket_share: float
) -> tuple[IntArray, IntArray]:
    """Person index and time (seconds) of every order, by person and then time."""
    count = len(rate)
    dropout = kinds.values_of("dropout_probability")
    min_order_count = kinds.values_of("min_order_count")

    def staying(people: IntArray, orders_made: int) -> IntArray:
        leaving = np.where(orders_made < min_order_count[people], 0.0, dropout[people])
        return people[rng.random(len(people)) >= leaving]

    days, weights = day_weights()
    first_day = days[
        kinds.pick(
            rng,
            lambda kind: np.where(
                (days >= kind.first_order_from.astype(np.int64))
                & (days < kind.first_order_before.astype(np.int64)),
                weights,
                0.0,
            ),
        )
    ]
    time = first_day * SECONDS_PER_DAY + draw_clock_times(rng, count)
    end = SHOP_CLOSES.astype("datetime64[s]").astype(np.int64)
    people, times = [np.arange(count)], [time.copy()]
    alive = staying(np.arange(count), 1)
    alive = alive[rate[alive] > 0]
    for orders_made in range(2, MAX_ORDERS_PER_PERSON + 1):
        if not len(alive):
            break
        gap = rng.exponential(1.0, len(alive)) / rate[alive]
        day = (time[alive] // SECONDS_PER_DAY) + 1 + np.floor(gap).astype(np.int64)
        time[alive] = day * SECONDS_PER_DAY + draw_clock_times(rng, len(alive))
        # Data of the last weeks is incomplete: most of what was ordered then is not in it.
        is_recorded = (time[alive] < DATA_IS_COMPLETE_BEFORE) | (
            (time[alive] < end) & (rng.random(len(alive)) < 0.01)
        )
        alive = alive[is_recorded]
        people.append(alive)
        times.append(time[alive].copy())
        alive = staying(alive, orders_made)
    person, moment = np.concatenate(people), np.concatenate(times)
    split = rng.random(len(person)) < split_basket_share
    person = np.concatenate([person, person[split]])
    delay = rng.exponential(2 * 3600, int(split.sum())).clip(30, 82_800).astype(np.int64)
    moment = np.concatenate([moment, moment[split] + delay])
    order = np.lexsort((moment, person))
    return person[order], moment[order]


def write_customers(
    writers: CsvWriters,
    rng: np.random.Generator,
    places: Places,
    kinds: PeopleTypes,
    person: IntArray,
    unique_id: pa.Array,
    order_customer_id: pa.Array,
) -> IntArray:
    """One row per order; returns the place of each order."""

    def weights(kind: CustomerType) -> FloatArray:
        codes = [code for code, name in enumerate(STATES) if name in (kind.states or STATES)]
        return np.where(np.isin(places.state, codes), places.customer_weight, 0.0)

    place = kinds.pick(rng, weights)[person]
    moved = (rng.random(len(person)) < 0.07) & (np.diff(person, prepend=-1) == 0)
    place = np.where(moved, kinds.of(person).pick(rng, weights), place)
    prefix = places.prefix[place]
    # 278 people live on a prefix that the geolocation file does not know.
    unknown = rng.random(int(person.max()) + 1)[person] < 0.0029
    spare = np.setdiff1d(np.arange(1000, 100_000), places.prefix)
    prefix = np.where(unknown, spare[rng.integers(0, len(spare), len(person))], prefix)
    writers.write(
        "olist_customers_dataset",
        {
            "customer_id": order_customer_id,
            "customer_unique_id": unique_id,
            "customer_zip_code_prefix": to_prefixes(prefix),
            "customer_city": to_texts(city_names(), places.city[place]),
            "customer_state": to_texts(list(STATES), places.state[place]),
        },
    )
    return place

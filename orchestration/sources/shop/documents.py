"""Sales and returns in one order of time, as the shop numbers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sources.shop.moments import FloatArray, IntArray, to_timestamps
from orchestration.sources.shop.people import Orders, People
from orchestration.sources.shop.returns import Returns

FIRST_NUMBER = 100_001
RETURN_PREFIX = "R"
FIRST_NAMES = ("anna", "ben", "clara", "david", "ella", "finn", "greta", "hugo", "ida", "jonas",
               "klara", "lukas", "mia", "noah", "olga", "paul")  # fmt: skip
LAST_NAMES = ("bauer", "decker", "ernst", "fuchs", "graf", "huber", "jansen", "koch", "lang",
              "meyer", "noack", "otto", "peters", "richter", "schulz", "vogt", "wolf")  # fmt: skip


@dataclass(frozen=True)
class Documents:
    """All orders and return orders by time.

    Attributes:
        person: who.
        day: even day.
        is_return: whether it takes something back.
        place_of_order: number of each order among the documents, ascending.
        place_of_return: number of each return order among the documents, ascending.
    """

    person: IntArray
    day: FloatArray
    is_return: np.ndarray
    place_of_order: IntArray
    place_of_return: IntArray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.person)

    def ids(self, places: IntArray) -> pa.Array:
        """What documents are called: running numbers, with a letter before those of returns."""
        numbers = pc.cast(pa.array(places + FIRST_NUMBER), pa.string())
        prefix = pa.array(["", RETURN_PREFIX]).take(pa.array(self.is_return[places].astype(int)))
        return pc.binary_join_element_wise(prefix, numbers, "")

    def moments(self, places: IntArray) -> pa.Array:
        """When they were placed."""
        return to_timestamps(self.day[places])


def number_documents(orders: Orders, returns: Returns) -> Documents:
    """Merge orders and return orders."""
    first = np.flatnonzero(np.diff(returns.document, prepend=-1) != 0)
    day = np.concatenate([orders.day, returns.day[first]])
    person = np.concatenate([orders.person, returns.person[first]])
    by_time = np.argsort(day, kind="stable")
    place = np.empty(len(day), dtype=np.int64)
    place[by_time] = np.arange(len(day))
    return Documents(
        person=person[by_time],
        day=day[by_time],
        is_return=by_time >= len(orders),
        place_of_order=place[: len(orders)],
        place_of_return=place[len(orders) :],
    )


def customer_ids(people: People, person: IntArray) -> pa.Array:
    """The id of each person; null for guests."""
    numbers = pc.utf8_lpad(pc.cast(pa.array(person + 1), pa.string()), 7, "0")
    texts = pc.binary_join_element_wise("C", numbers, "")
    return pc.if_else(pa.array(people.is_guest(person)), pa.scalar(None, pa.string()), texts)


def emails(people: People, person: IntArray, is_in_capitals: np.ndarray) -> pa.Array:
    """The e-mail of each person, at addresses that are nobody's; null for guests."""
    first = pa.array(FIRST_NAMES).take(pa.array(person % len(FIRST_NAMES)))
    last = pa.array(LAST_NAMES).take(pa.array(person // len(FIRST_NAMES) % len(LAST_NAMES)))
    number = pc.cast(pa.array(person + 1), pa.string())
    name = pc.binary_join_element_wise(first, last, number, ".")
    texts = pc.binary_join_element_wise(name, "example.com", "@")
    texts = pc.if_else(pa.array(is_in_capitals), pc.utf8_upper(texts), texts)
    return pc.if_else(pa.array(people.is_guest(person)), pa.scalar(None, pa.string()), texts)

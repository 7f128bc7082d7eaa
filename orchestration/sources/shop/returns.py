"""What comes back: when, how many pieces, and which purchase it undoes.

A return says in the truth how it is to be matched: by the very quantity and price (``exact``), by
earlier lines that have at least as many pieces (``whole``) or fewer (``partial``), or by nothing
(``unmatched``). Other quantities than the bought one come back only where the person bought the
product once, so that no other line could be the match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sources.shop.baskets import Lines
from orchestration.sources.shop.catalogue import Catalogue
from orchestration.sources.shop.moments import SPAN_DAYS, BoolArray, FloatArray, IntArray
from orchestration.sources.shop.people import Orders, People

MATCH_KINDS = ("exact", "whole", "partial", "unmatched")
EXACT, WHOLE, PARTIAL, UNMATCHED = range(4)
FEWER_PIECES_SHARE = 0.35  # of returned lines of several pieces that could be matched no other way
MORE_PIECES_SHARE = 0.03  # of returned lines: some pieces were bought before the file begins
FROM_BEFORE_SHARE = 0.01  # of customers' orders: a return of what was bought before
MEDIAN_DELAY_DAYS, DELAY_SPREAD = 11.0, 0.6  # spread of the logarithm


@dataclass(frozen=True)
class Returns:
    """Returned lines, by the time of their return.

    Attributes:
        document: number of the return order, by time; several lines may share one.
        line: of the purchase; -1 where there is none in the file.
        person: who.
        product: number.
        quantity: pieces, above 0.
        discount_cents: of the purchase, as far as it is taken back.
        day: even day.
        kind: number in ``MATCH_KINDS``.
        is_only_purchase: whether the person bought the product once in all.
    """

    document: IntArray
    line: IntArray
    person: IntArray
    product: IntArray
    quantity: IntArray
    discount_cents: IntArray
    day: FloatArray
    kind: IntArray
    is_only_purchase: BoolArray

    def amount_cents(self, catalogue: Catalogue) -> IntArray:
        """What is paid back for each line, above 0."""
        price = catalogue.price_cents[self.product]
        return np.asarray(self.quantity * price - self.discount_cents, dtype=np.int64)


def draw_returns(
    rng: np.random.Generator, catalogue: Catalogue, people: People, orders: Orders, lines: Lines
) -> Returns:
    """The returns that are dated before the shop closes.

    Args:
        rng: of returns alone.
        catalogue: what is sold.
        people: who bought.
        orders: in the order of time.
        lines: of all orders.
    """
    products = catalogue.product_count
    bought = orders.person[lines.order] * products + lines.product
    bought.sort()
    sold = _draw_sent_back(rng, people, orders, lines, bought, products)
    before = _draw_from_before(rng, catalogue, people, orders, bought)
    columns = {name: np.concatenate([sold[name], before[name]]) for name in sold}
    in_time = np.flatnonzero(columns["day"] < SPAN_DAYS)
    order = np.lexsort(
        (columns["product"][in_time], columns["group"][in_time], columns["day"][in_time])
    )
    rows = in_time[order]
    columns = {name: column[rows] for name, column in columns.items()}
    group = columns.pop("group")
    document = np.cumsum(np.diff(group, prepend=-1) != 0) - 1
    return Returns(document=document, **columns)


def _draw_sent_back(
    rng: np.random.Generator,
    people: People,
    orders: Orders,
    lines: Lines,
    bought: IntArray,
    products: int,
) -> dict[str, np.ndarray]:
    """Returns of lines of the file; those of one order come together."""
    line = np.flatnonzero(lines.is_returned)
    order, product = lines.order[line].astype(np.int64), lines.product[line].astype(np.int64)
    pieces, person = lines.quantity[line].astype(np.int64), orders.person[order]
    key = person * products + product
    times = np.searchsorted(bought, key, side="right") - np.searchsorted(bought, key)
    is_only = times == 1
    drawn = rng.random(len(line))
    fewer = is_only & (pieces > 1) & (drawn < FEWER_PIECES_SHARE)
    more = is_only & (drawn > 1 - MORE_PIECES_SHARE)
    part = 1 + np.floor(rng.random(len(line)) * (pieces - 1)).astype(np.int64)
    quantity = np.where(fewer, np.minimum(part, pieces - 1), np.where(more, pieces + 1, pieces))
    discount = lines.discount_cents[line].astype(np.int64)
    kind = np.where(fewer, WHOLE, np.where(more, PARTIAL, EXACT))
    order_ids, place = np.unique(order, return_inverse=True)
    return {
        "group": order,
        "line": line,
        "person": person,
        "product": product,
        "quantity": quantity,
        "discount_cents": np.where(fewer, np.rint(discount * quantity / pieces), discount).astype(
            np.int64
        ),
        "day": orders.day[order] + _draw_delays(rng, len(order_ids))[place],
        # A guest's return names nobody, so nothing says which purchase it undoes.
        "kind": np.where(people.is_guest(person), UNMATCHED, kind),
        "is_only_purchase": is_only,
    }


def _draw_from_before(
    rng: np.random.Generator,
    catalogue: Catalogue,
    people: People,
    orders: Orders,
    bought: IntArray,
) -> dict[str, np.ndarray]:
    """Returns of products that the customer never bought in the file."""
    order = np.flatnonzero(rng.random(len(orders)) < FROM_BEFORE_SHARE)
    person = orders.person[order]
    product = catalogue.pick(rng, people.taste[person])
    day = orders.day[order] + _draw_delays(rng, len(order))
    key = person * catalogue.product_count + product
    place = np.minimum(np.searchsorted(bought, key), len(bought) - 1)
    rows = np.flatnonzero(
        ~people.is_guest(person) & (bought[place] != key) & (catalogue.return_factor[product] > 0)
    )
    none = np.zeros(len(rows), dtype=np.int64)
    return {
        "group": len(orders) + order[rows],
        "line": none - 1,
        "person": person[rows],
        "product": product[rows],
        "quantity": none + 1,
        "discount_cents": none,
        "day": day[rows],
        "kind": none + UNMATCHED,
        "is_only_purchase": none > 0,
    }


def _draw_delays(rng: np.random.Generator, count: int) -> FloatArray:
    """Days from a purchase to its return, at least one."""
    return 1 + MEDIAN_DELAY_DAYS * np.exp(rng.normal(0, DELAY_SPREAD, count))

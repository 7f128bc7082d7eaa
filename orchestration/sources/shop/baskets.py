"""What is in each order: picks, what goes with them, what was used up; pieces and money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from orchestration.sources.shop.catalogue import SERVICES, Catalogue
from orchestration.sources.shop.moments import BoolArray, FloatArray, IntArray
from orchestration.sources.shop.people import Orders, People

CHUNK_ORDERS = 32_768
# After a long time people buy no more than so many pieces of what they use up.
MAX_RESTOCKED = 4
LINE_DISCOUNT_SHARE, LINE_DISCOUNT = 0.10, 0.20
COUPON_SHARE, COUPON_DISCOUNT = 0.08, 0.10
# So much of a list price is paid in the mean.
PAID_SHARE = (1 - LINE_DISCOUNT_SHARE * LINE_DISCOUNT) * (1 - COUPON_SHARE * COUPON_DISCOUNT)
SPLIT_SHARE = 0.02  # of lines of several pieces: written as two lines
EXPRESS_SHARE, WRAPPED_SHARE = 0.06, 0.05
FREE_SHIPPING_CENTS = 6_000
WITHOUT_ID_SHARE = 0.05  # of further orders: not signed in, but with the e-mail
CAPITALS_SHARE = 0.03  # of orders: the e-mail is written in capital letters


@dataclass(frozen=True)
class Lines:
    """One row per order and product, by order and product.

    Attributes:
        order: number of the order.
        product: number of the product.
        quantity: pieces.
        discount_cents: taken off the line.
        split: of the pieces, so many stand on a second line; 0 where there is none.
        is_returned: whether it will be sent back.
    """

    order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    discount_cents: np.ndarray
    split: np.ndarray
    is_returned: np.ndarray

    def amount_cents(self, catalogue: Catalogue) -> IntArray:
        """What each line comes to, less its discount."""
        price = catalogue.price_cents[self.product]
        return np.asarray(self.quantity * price - self.discount_cents, dtype=np.int64)


@dataclass(frozen=True)
class OrderFacts:
    """What stands once per order.

    Attributes:
        merchandise_cents: sum of its lines.
        coupon_cents: taken off the order.
        shipping: 1 for standard, 2 for express, 0 for none: a service's number less one.
        is_wrapped: whether it has a line of gift wrapping.
        has_no_id: whether only the e-mail says whose it is.
        is_in_capitals: whether the e-mail is written in capital letters.
    """

    merchandise_cents: np.ndarray
    coupon_cents: np.ndarray
    shipping: np.ndarray
    is_wrapped: np.ndarray
    has_no_id: np.ndarray
    is_in_capitals: np.ndarray

    def service_cents(self) -> IntArray:
        """What the lines come to that are no merchandise."""
        prices = np.array([0, *(price for _, _, price in SERVICES)])
        return np.asarray(prices[self.shipping] + self.is_wrapped * prices[-1], dtype=np.int64)


# Millions of rows are kept, so each number takes no more room than it needs.
SMALL = {"order": np.int32, "product": np.int16, "quantity": np.int16, "split": np.int16,
         "discount_cents": np.int32, "coupon_cents": np.int32, "shipping": np.int8}  # fmt: skip


def join(parts: list[Any]) -> Any:
    """Chunks of lines or of order facts as one."""
    kind = type(parts[0])
    return kind(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(kind)
        }
    )


def draw_baskets(
    seed: np.random.SeedSequence, catalogue: Catalogue, people: People, orders: Orders
) -> Iterator[tuple[Lines, OrderFacts]]:
    """The baskets of all orders in chunks, each from a seed of its own.

    Args:
        seed: of baskets alone.
        catalogue: what is sold.
        people: who buys.
        orders: in the order of time.
    """
    for first in range(0, len(orders), CHUNK_ORDERS):
        rows = np.arange(first, min(first + CHUNK_ORDERS, len(orders)))
        rng = np.random.default_rng(seed.spawn(1)[0])
        yield _draw_chunk(rng, catalogue, people, orders, rows)


def _draw_chunk(
    rng: np.random.Generator,
    catalogue: Catalogue,
    people: People,
    orders: Orders,
    rows: IntArray,
) -> tuple[Lines, OrderFacts]:
    person = orders.person[rows]
    order, product, quantity = _draw_products(rng, catalogue, people, orders, rows)
    price = catalogue.price_cents[product]
    is_reduced = rng.random(len(order)) < LINE_DISCOUNT_SHARE
    discount = np.where(is_reduced, np.rint(quantity * price * LINE_DISCOUNT), 0).astype(np.int64)
    returned = (
        rng.random(len(order))
        < people.return_propensity[person[order]] * catalogue.return_factor[product]
    )
    can_split = (quantity > 1) & ~is_reduced & ~returned
    is_split = can_split & (rng.random(len(order)) < SPLIT_SHARE)
    first_part = 1 + np.floor(rng.random(len(order)) * (quantity - 1)).astype(np.int64)
    lines = _small(
        Lines,
        order=rows[order],
        product=product,
        quantity=quantity,
        discount_cents=discount,
        split=np.where(is_split, quantity - first_part, 0),
        is_returned=returned,
    )
    goods = np.bincount(order, weights=quantity * price - discount, minlength=len(rows))
    is_first = np.isnan(orders.previous_day[rows])
    return lines, _draw_facts(rng, goods.astype(np.int64), is_first)


def _small(kind: Any, **columns: np.ndarray) -> Any:
    return kind(**{
        name: column.astype(SMALL[name]) if name in SMALL else column
        for name, column in columns.items()
    })  # fmt: skip


def _draw_facts(rng: np.random.Generator, goods: IntArray, is_first: BoolArray) -> OrderFacts:
    count = len(goods)
    has_coupon = rng.random(count) < COUPON_SHARE
    is_express = rng.random(count) < EXPRESS_SHARE
    facts: OrderFacts = _small(
        OrderFacts,
        merchandise_cents=goods,
        coupon_cents=np.where(has_coupon, np.rint(goods * COUPON_DISCOUNT), 0),
        shipping=np.where(is_express, 2, np.where(goods < FREE_SHIPPING_CENTS, 1, 0)),
        is_wrapped=rng.random(count) < WRAPPED_SHARE,
        has_no_id=~is_first & (rng.random(count) < WITHOUT_ID_SHARE),
        is_in_capitals=rng.random(count) < CAPITALS_SHARE,
    )
    return facts


def _draw_products(
    rng: np.random.Generator,
    catalogue: Catalogue,
    people: People,
    orders: Orders,
    rows: IntArray,
) -> tuple[IntArray, IntArray, IntArray]:
    """Order within the chunk, product and pieces; each order and product once, in their order."""
    person = orders.person[rows]
    products = catalogue.product_count
    edges = np.cumsum(catalogue.pick_counts)
    picks = 1 + np.searchsorted(edges, rng.random(len(rows)) * edges[-1], side="right")
    order = np.repeat(np.arange(len(rows)), picks)
    picked = np.unique(order * products + catalogue.pick(rng, people.taste[person[order]]))
    anchor = picked % products
    takes_both = rng.random(len(picked)) < catalogue.attach_probability[anchor]
    companions = picked[takes_both] - anchor[takes_both] + catalogue.companion[anchor[takes_both]]
    picked = np.union1d(picked, companions)
    pieces = 1 + rng.poisson(people.pieces[person[picked // products]] - 1)
    again, restocked = _restock(people, orders, rows, products)
    keys, place = np.unique(np.concatenate([picked, again]), return_inverse=True)
    total = np.bincount(place, weights=np.concatenate([pieces, restocked]))
    return keys // products, keys % products, total.astype(np.int64)


def _restock(
    people: People, orders: Orders, rows: IntArray, products: int
) -> tuple[IntArray, IntArray]:
    """Keys of order and product, and pieces, of what was used up since the order before.

    People use a piece of each of their habits in the same time; each order brings so many pieces as
    were used since the last one. The first order brings one.
    """
    person = orders.person[rows]
    day, before = orders.day[rows][:, None], orders.previous_day[rows][:, None]
    interval, phase = people.habit_interval[person], people.habit_phase[person]
    used = np.floor(day / interval + phase) - np.floor(before / interval + phase)
    used = np.where(np.isnan(before), 1.0, np.minimum(used, MAX_RESTOCKED))
    habit = people.habit[person]
    order, place = np.nonzero((habit >= 0) & (used > 0))
    pieces: FloatArray = used[order, place]
    return order * products + habit[order, place], pieces.astype(np.int64)

"""A made-up shop of two years, seeded: who ordered what and when, and what an export has of it.

All amounts are whole cents. People differ in how often they order, what they like, and when they
stop; some orders are of guests, cancelled, refunded, discounted, or paid in two ways.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

FIRST_DAY = datetime(2023, 1, 1)
DAY_COUNT = 730
PLACES = (
    ("01113", "Dresden", "SN"), ("20095", "Hamburg", "HH"), ("80331", "München", "BY"),
    ("04109", "Leipzig", "SN"), ("50667", "Köln", "NW"), ("10115", "Berlin", "BE"),
)  # fmt: skip
CATEGORIES = ("Kitchen", "Garden", "Paper", "Candles", "Toys")
WORDS = ("Red", "Blue", "Small", "Large", "Old", "Round")
THINGS = {
    "Kitchen": ("Mug", "Bowl"), "Garden": ("Pot", "Lantern"), "Paper": ("Card", "Notebook"),
    "Candles": ("Candle", "Holder"), "Toys": ("Puzzle", "Kite"),
}  # fmt: skip
DELIVERED, PENDING, CANCELLED, REFUNDED, PARTLY = (
    "delivered", "pending", "cancelled", "refunded", "partly refunded",
)  # fmt: skip
# Of these the shop keeps the money, or most of it, or has given it back.
MADE = (DELIVERED, REFUNDED, PARTLY)


@dataclass(frozen=True)
class Product:
    """A product with its price in cents."""

    code: str
    name: str
    category: str
    price: int


@dataclass(frozen=True)
class Person:
    """A customer."""

    number: int
    place: tuple[str, str, str]
    favourite: str

    @property
    def email(self) -> str:
        """Theirs alone."""
        return f"person{self.number}@example.com"

    @property
    def phone(self) -> str:
        """Theirs alone."""
        return f"+49170{self.number:07d}"


@dataclass
class Line:
    """A line of an order; discount and amount are of the whole line, in cents."""

    product: Product
    quantity: int
    discount: int = 0
    refunded_quantity: int = 0

    @property
    def price(self) -> int:
        """Before the discount."""
        return self.quantity * self.product.price

    @property
    def amount(self) -> int:
        """After the discount of the line."""
        return self.price - self.discount


@dataclass
class Order:
    """An order.

    Attributes:
        number: from 1, in the order of time.
        ordered_at: with the offset of the shop's time zone.
        person: none for a guest.
        lines: at least one with a price.
        fate: what became of it.
        discount: of the order, on its lines.
        shipping: before the discount on it.
        shipping_discount: up to the shipping.
        has_two_payments: a gift card paid a part.
    """

    number: int
    ordered_at: datetime
    person: Person | None
    lines: list[Line]
    fate: str
    discount: int = 0
    shipping: int = 0
    shipping_discount: int = 0
    has_two_payments: bool = False
    later: dict[str, datetime] = field(default_factory=dict)

    @property
    def goods(self) -> int:
        """The lines after their own discounts."""
        return sum(line.amount for line in self.lines)


def make_products(rng: random.Random) -> list[Product]:
    """Sixty products in five categories."""
    products = []
    for category in CATEGORIES:
        for thing in THINGS[category]:
            for word in WORDS:
                code = f"{category[:2].upper()}-{len(products) + 1:03d}"
                price = rng.choice((490, 690, 990, 1290, 1950, 2900, 4500))
                products.append(Product(code, f"{word} {thing}", category, price))
    return products


def make_orders(
    order_count: int, seed: int, time_zone: str, *, guest_share: float = 0.08
) -> list[Order]:
    """Orders of two years in the order of time.

    Args:
        order_count: how many.
        seed: the same seed, the same orders.
        time_zone: of the shop.
        guest_share: of orders that name nobody.
    """
    rng = random.Random(seed)
    products = make_products(rng)
    moments: list[tuple[datetime, Person]] = []
    while len(moments) < order_count:
        moments += _history(rng, len(moments) + 1)
    moments = sorted(moments[:order_count], key=lambda moment: (moment[0], moment[1].number))
    zone = ZoneInfo(time_zone)
    return [
        _order(rng, number, moment.replace(tzinfo=zone), person, products, guest_share)
        for number, (moment, person) in enumerate(moments, 1)
    ]


def _history(rng: random.Random, number: int) -> list[tuple[datetime, Person]]:
    """All moments at which a person orders: a pace of their own, and an end."""
    person = Person(number, rng.choice(PLACES), rng.choice(CATEGORIES))
    day = rng.uniform(-200, DAY_COUNT)
    pace = rng.lognormvariate(4.0, 0.8)
    moments = []
    while day < DAY_COUNT:
        if day >= 0:
            minutes = rng.randrange(8 * 60, 22 * 60)
            moment = FIRST_DAY + timedelta(
                days=int(day), minutes=minutes, seconds=rng.randrange(60)
            )
            moments.append((moment, person))
        if rng.random() < 0.22:
            break
        day += 1 + rng.expovariate(1 / pace)
    return moments


def _order(
    rng: random.Random,
    number: int,
    moment: datetime,
    person: Person,
    products: list[Product],
    guest_share: float,
) -> Order:
    liked = [product for product in products if product.category == person.favourite]
    chosen = [
        rng.choice(liked if rng.random() < 0.6 else products)
        for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))
    ]
    # One line per product: the samples say apart where lines repeat.
    lines = [Line(product, rng.choice((1, 1, 1, 2, 3))) for product in dict.fromkeys(chosen)]
    order = Order(
        number, moment, None if rng.random() < guest_share else person, lines,
        rng.choices((DELIVERED, PENDING, CANCELLED, REFUNDED, PARTLY), (86, 3, 4, 3, 4))[0],
    )  # fmt: skip
    if rng.random() < 0.06:
        lines[0].discount = lines[0].price // 10
    if rng.random() < 0.15:
        order.discount = order.goods // 10
    order.shipping = 0 if order.goods > 6_000 else 490
    if order.shipping and rng.random() < 0.08:
        order.shipping_discount = order.shipping
    order.has_two_payments = rng.random() < 0.06
    days = rng.randrange(1, 20)
    order.later = {
        "paid": moment + timedelta(minutes=3), "shipped": moment + timedelta(days=1),
        "delivered": moment + timedelta(days=2 + days % 5),
        "cancelled": moment + timedelta(hours=days), "refunded": moment + timedelta(days=5 + days),
    }  # fmt: skip
    if order.fate == REFUNDED:
        for line in lines:
            line.refunded_quantity = line.quantity
    elif order.fate == PARTLY:
        lines[-1].refunded_quantity = 1
    return order


@dataclass
class Sample:
    """What a sample holds.

    Attributes:
        preset: whose columns it has.
        time_zone: of the shop.
        order_count: all orders.
        valid_count: those that are valid.
        guest_order_count: of all orders, those that name nobody.
        people: numbers of the people with an order.
        line_kinds: lines by kind.
        amounts: cents of all orders, by name; without those that the export does not state.
        valid_amounts: the same of valid orders.
        moments: when orders were placed, in the shop's time zone, without an offset.
    """

    preset: str
    time_zone: str
    order_count: int = 0
    valid_count: int = 0
    guest_order_count: int = 0
    people: set[int] = field(default_factory=set)
    line_kinds: Counter[str] = field(default_factory=Counter)
    amounts: Counter[str] = field(default_factory=Counter)
    valid_amounts: Counter[str] = field(default_factory=Counter)
    moments: list[datetime] = field(default_factory=list)

    def count(self, order: Order, moment: datetime, *, is_valid: bool, **cents: int) -> None:
        """Count one order.

        Args:
            order: which.
            moment: when, as the export states it.
            is_valid: whether it counts.
            **cents: its amounts, with underscores for blanks.
        """
        named = {name.replace("_", " "): amount for name, amount in cents.items()}
        self.order_count += 1
        self.moments.append(moment.replace(tzinfo=None))
        for name, amount in named.items():
            self.amounts[name] += amount
        if is_valid:
            self.valid_count += 1
            for name, amount in named.items():
                self.valid_amounts[name] += amount
        if order.person is None:
            self.guest_order_count += 1
        else:
            self.people.add(order.person.number)


def money(cents: int) -> str:
    """Cents as exports write them.

    Example:
        >>> money(-1205)
        '-12.05'
    """
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def write_rows(path: Path, rows: Iterable[dict[str, str]], columns: Sequence[str]) -> None:
    """Write a CSV file; a column that a row lacks is empty."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def total_of(order: Order) -> int:
    """What an order costs where its prices include the tax."""
    return order.goods - order.discount + order.shipping - order.shipping_discount


def piece_of(line: Line) -> int:
    """What a customer gets back for one piece."""
    return line.amount // line.quantity

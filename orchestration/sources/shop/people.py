"""The people of the shop: how often they buy, until when, what they use up; and their orders.

They are those of the Pareto/NBD model (Schmittlein, Morrison and Colombo 1987): from their first
order on a person buys at random at their own rate, and drops out at a time of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from orchestration.sources.shop.catalogue import Catalogue
from orchestration.sources.shop.moments import (
    MAX_DAYS_AHEAD,
    SPAN_DAYS,
    BoolArray,
    FloatArray,
    IntArray,
)
from orchestration.sources.shop.scenarios import Scenario

BLOCK_PEOPLE = 16_384
MAX_HABITS = 3
GROWTH = 0.6  # so much more people find the shop at its last day than at its first
PERSONAL_INTERVAL_SPREAD = 0.15  # of the logarithm
MAX_PROPENSITY = 0.6  # with the highest factor of a category still below 1
CITIES = (
    ("DE", "01067", "Dresden"), ("DE", "04109", "Leipzig"), ("DE", "10115", "Berlin"),
    ("DE", "20095", "Hamburg"), ("DE", "50667", "Köln"), ("DE", "80331", "München"),
    ("AT", "1010", "Wien"), ("AT", "8010", "Graz"), ("NL", "1012 AB", "Amsterdam"),
    ("DK", "0800", "Høje Taastrup"),
)  # fmt: skip
CITY_SHARES = (0.06, 0.07, 0.22, 0.13, 0.12, 0.14, 0.10, 0.04, 0.09, 0.03)


@dataclass(frozen=True)
class People:
    """Customers in the order of their first purchase, and behind them the guests.

    Attributes:
        rate: purchases per day while they have not dropped out.
        dropout_rate: of leaving for good, per day.
        born: even day of the first order.
        dropped: even day from which they buy no more.
        taste: number of theirs.
        pieces: of a product in an order, mean.
        return_propensity: times a product's factor: the share that they return.
        city: number of theirs.
        habit: person by place: products that they use up; -1 for none.
        habit_interval: in so many days they use up a piece.
        habit_phase: share of a piece that was used up when the shop opened.
        customer_count: those behind are guests.
    """

    rate: FloatArray
    dropout_rate: FloatArray
    born: FloatArray
    dropped: FloatArray
    taste: IntArray
    pieces: FloatArray
    return_propensity: FloatArray
    city: IntArray
    habit: IntArray
    habit_interval: FloatArray
    habit_phase: FloatArray
    customer_count: int

    def is_guest(self, person: IntArray) -> BoolArray:
        """Whether a person leaves no key."""
        return person >= self.customer_count

    def of(self, rows: IntArray) -> People:
        """Some of them, all customers."""
        return _people({name: getattr(self, name)[rows] for name in ARRAYS}, len(rows))


ARRAYS = tuple(field.name for field in fields(People) if field.name != "customer_count")


def _people(arrays: dict[str, np.ndarray], customer_count: int) -> People:
    return People(**arrays, customer_count=customer_count)


@dataclass(frozen=True)
class Orders:
    """All orders in the order of time.

    Attributes:
        person: who.
        day: even day.
        previous_day: of the person's order before; not a number for the first.
    """

    person: IntArray
    day: FloatArray
    previous_day: FloatArray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.person)


def draw_people_and_orders(
    seed: np.random.SeedSequence, scenario: Scenario, catalogue: Catalogue, order_count: int
) -> tuple[People, Orders]:
    """Draw customers until they have their share of the orders; guests have the rest, one each.

    Customers are drawn in blocks, each from a seed of its own. Nobody's orders are cut off.

    Args:
        seed: of people alone.
        scenario: what kind of shop.
        catalogue: with products that are used up.
        order_count: exactly so many orders.
    """
    named_order_count = round(order_count * (1 - scenario.guest_share))
    blocks: list[People] = []
    counts: list[IntArray] = []
    times: list[FloatArray] = []
    drawn_order_count = 0
    while True:
        rng = np.random.default_rng(seed.spawn(1)[0])
        block = _draw_block(rng, scenario, catalogue)
        until = np.minimum(block.dropped, SPAN_DAYS)
        repeats = rng.poisson(block.rate * (until - block.born))
        fitting = int(
            np.searchsorted(
                np.cumsum(repeats + 1), named_order_count - drawn_order_count, side="right"
            )
        )
        person = np.repeat(np.arange(len(repeats)), repeats)
        again = block.born[person] + rng.random(len(person)) * (until - block.born)[person]
        blocks.append(block.of(np.arange(fitting)))
        counts.append(repeats[:fitting])
        times.append(again[person < fitting])
        drawn_order_count += int((repeats[:fitting] + 1).sum())
        if fitting < BLOCK_PEOPLE:
            break
    rng = np.random.default_rng(seed.spawn(1)[0])
    guests = _draw_block(rng, scenario, catalogue, order_count - drawn_order_count)
    people = _join([*blocks, guests])
    return _sort(people, np.concatenate(counts), np.concatenate(times))


def _draw_block(
    rng: np.random.Generator, scenario: Scenario, catalogue: Catalogue, count: int = BLOCK_PEOPLE
) -> People:
    born = _draw_births(rng, count)
    rate = _gamma(rng, scenario.rate_shape, scenario.mean_rate_per_day, count)
    dropout = _gamma(rng, scenario.dropout_shape, scenario.mean_dropout_rate_per_day, count)
    # Whoever never leaves leaves beyond all dates.
    lifetime = rng.exponential(1.0, count) / np.maximum(dropout, 1e-9)
    taste = rng.integers(0, scenario.taste_count, count)
    habit = _draw_habits(rng, scenario, catalogue, taste)
    is_habit = habit >= 0
    spread = np.exp(rng.normal(0, PERSONAL_INTERVAL_SPREAD, habit.shape))
    return People(
        rate=rate,
        dropout_rate=dropout,
        born=born,
        dropped=np.minimum(born + lifetime, SPAN_DAYS + MAX_DAYS_AHEAD),
        taste=taste,
        pieces=1 + _gamma(rng, scenario.pieces_shape, scenario.mean_further_pieces, count),
        return_propensity=_draw_propensities(rng, scenario, count),
        city=rng.choice(len(CITIES), size=count, p=CITY_SHARES),
        habit=habit,
        habit_interval=np.where(is_habit, catalogue.interval_days[habit] * spread, np.nan),
        habit_phase=np.where(is_habit, rng.random(habit.shape), np.nan),
        customer_count=count,
    )


def _draw_births(rng: np.random.Generator, count: int) -> FloatArray:
    """Days on which people find the shop, ever more of them."""
    drawn = rng.random(count) * (1 + GROWTH / 2)
    share = (np.sqrt(1 + 2 * GROWTH * drawn) - 1) / GROWTH
    return np.asarray(np.minimum(share, np.nextafter(1, 0)) * SPAN_DAYS)


def _gamma(rng: np.random.Generator, shape: float | None, mean: float, count: int) -> FloatArray:
    if shape is None:
        return np.full(count, mean)
    return rng.gamma(shape, mean / shape, count)


def _draw_propensities(rng: np.random.Generator, scenario: Scenario, count: int) -> FloatArray:
    mean, shape = scenario.mean_return_propensity, scenario.propensity_shape
    if shape is None:
        return np.full(count, mean)
    share = mean / MAX_PROPENSITY
    return MAX_PROPENSITY * rng.beta(shape, shape * (1 - share) / share, count)


def _draw_habits(
    rng: np.random.Generator, scenario: Scenario, catalogue: Catalogue, taste: IntArray
) -> IntArray:
    """Products that each person uses up, each once, by their taste; -1 in places left empty."""
    used_up = np.flatnonzero(catalogue.is_used_up)
    if len(used_up) == 0:
        return np.full((len(taste), MAX_HABITS), -1)
    weight = catalogue.pick_probability[:, used_up]
    edges = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    edges = (edges + np.arange(len(edges))[:, None]).ravel()
    drawn = taste[:, None] + rng.random((len(taste), MAX_HABITS))
    place = np.searchsorted(edges, drawn, side="right") - taste[:, None] * len(used_up)
    habit = used_up[np.clip(place, 0, len(used_up) - 1)]
    habit_count = np.minimum(rng.poisson(scenario.mean_habits, len(taste)), MAX_HABITS)
    is_empty = np.arange(MAX_HABITS) >= habit_count[:, None]
    for later in range(1, MAX_HABITS):
        for earlier in range(later):
            is_empty[:, later] |= habit[:, later] == habit[:, earlier]
    return np.where(is_empty, -1, habit)


def _join(blocks: list[People]) -> People:
    *customers, guests = blocks
    nobody = np.zeros(len(guests.rate))
    # A guest is seen once: the rate is nobody's, and what is used up is not known.
    guests = People(
        **{
            **{name: getattr(guests, name) for name in ARRAYS},
            "rate": nobody, "dropout_rate": nobody, "dropped": guests.born,
            "habit": np.full_like(guests.habit, -1),
        },
        customer_count=0,
    )  # fmt: skip
    arrays = {
        name: np.concatenate([getattr(block, name) for block in [*customers, guests]])
        for name in ARRAYS
    }
    return _people(arrays, sum(len(block.rate) for block in customers))


def _sort(people: People, repeats: IntArray, again: FloatArray) -> tuple[People, Orders]:
    """Number customers by their first order, and put all orders into the order of time."""
    by_birth = np.argsort(people.born[: people.customer_count], kind="stable")
    guests = np.arange(people.customer_count, len(people.born))
    rank = np.empty(len(by_birth), dtype=np.int64)
    rank[by_birth] = np.arange(len(by_birth))
    rows = np.concatenate([by_birth, guests])
    arrays = {name: getattr(people, name)[rows] for name in ARRAYS}
    people = _people(arrays, people.customer_count)
    person = np.concatenate([np.arange(len(people.born)), np.repeat(rank, repeats)])
    day = np.concatenate([people.born, again])
    by_person = np.lexsort((day, person))
    person, day = person[by_person], day[by_person]
    previous = np.concatenate([[np.nan], day[:-1]])
    previous[np.diff(person, prepend=-1) != 0] = np.nan
    by_time = np.argsort(day, kind="stable")
    return people, Orders(person[by_time], day[by_time], previous[by_time])

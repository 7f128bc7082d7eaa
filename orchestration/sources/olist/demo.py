"""The demo shop: nine files like Olist's, from a seed, with the truth behind them written beside.

Every figure that shapes the shop (shares, months, delays) was measured on the published Olist
files; names, texts and places are our own. People are drawn in blocks of a fixed size, so memory
does not grow with the number of orders and a seed gives the same bytes everywhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from orchestration.sources.olist.draws import make_hex_ids, pick
from orchestration.sources.olist.items import write_items
from orchestration.sources.olist.orders import write_orders
from orchestration.sources.olist.payments import write_payments
from orchestration.sources.olist.people import (
    BLOCK_PEOPLE,
    RATE_SHAPE,
    PeopleTypes,
    simulate_purchases,
    write_customers,
)
from orchestration.sources.olist.places import Places, make_places, write_geolocation
from orchestration.sources.olist.products import Catalogue, make_catalogue, write_translation
from orchestration.sources.olist.reviews import write_reviews
from orchestration.sources.olist.scenarios import (
    DEFAULT_SCENARIO,
    LAYOUT,
    SCENARIOS,
    Scenario,
    find_scenario,
)
from orchestration.sources.olist.writing import CsvWriters, to_texts, to_timestamps

__all__ = ["DEFAULT_SCENARIO", "LAYOUT", "SCENARIOS", "find_scenario", "generate_demo_shop"]


Progress = Callable[[int, int], None]


def generate_demo_shop(
    folder: Path,
    *,
    order_count: int = 20_000,
    seed: int = 20_180_830,
    scenario: str = DEFAULT_SCENARIO,
    progress: Progress = lambda _done, _all: None,
) -> None:
    """Write the nine raw files and ``planted_truth.csv`` into a folder.

    Args:
        folder: made if it is not there; files of the same names are replaced.
        order_count: exactly so many orders, at least 100.
        seed: any whole number from 0; the same seed, count and scenario give the same bytes.
        scenario: what kind of shop, a name in ``SCENARIOS``.
        progress: called with orders written and orders to write.

    Raises:
        ValueError: fewer than 100 orders, a negative seed, or no such scenario.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     generate_demo_shop(Path(name), order_count=200, seed=1)
        ...     len(list(Path(name).iterdir()))
        10
    """
    if order_count < 100:
        raise ValueError(f"order_count must be at least 100, got {order_count}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    kind_of_shop = find_scenario(scenario)
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _write_shop(partial, order_count, seed, kind_of_shop, progress)
        for path in sorted(partial.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_shop(
    folder: Path, order_count: int, seed: int, scenario: Scenario, progress: Progress
) -> None:
    root = np.random.SeedSequence(seed)
    shop_rng = np.random.default_rng(root.spawn(1)[0])
    places = make_places(shop_rng, order_count)
    write_geolocation(folder, shop_rng, places, order_count)
    catalogue = make_catalogue(folder, shop_rng, places, order_count)
    write_translation(folder)

    written = 0
    with CsvWriters(folder) as writers:
        for block_seed in _spawn_forever(root):
            rng = np.random.default_rng(block_seed)
            written += _write_block(
                writers, rng, places, catalogue, scenario, order_count - written
            )
            progress(written, order_count)
            if written >= order_count:
                break


def _spawn_forever(root: np.random.SeedSequence) -> Iterator[np.random.SeedSequence]:
    while True:
        yield root.spawn(1)[0]


def _write_block(
    writers: CsvWriters,
    rng: np.random.Generator,
    places: Places,
    catalogue: Catalogue,
    scenario: Scenario,
    max_orders: int,
) -> int:
    """Simulate one block of people and append their rows; returns how many orders that were."""
    types = scenario.types
    kinds = PeopleTypes(types, pick(rng, [kind.share for kind in types], BLOCK_PEOPLE))
    own_rate = rng.gamma(RATE_SHAPE, 1 / RATE_SHAPE, BLOCK_PEOPLE)
    rate = kinds.values_of("mean_purchase_rate_per_day") * np.where(
        kinds.values_of("rates_vary"), own_rate, 1.0
    )
    person, ordered_at = simulate_purchases(rng, kinds, rate, scenario.split_basket_share)
    person, ordered_at = person[:max_orders], ordered_at[:max_orders]
    people = int(person.max()) + 1
    kinds = kinds.of(slice(people))
    unique_id = make_hex_ids(rng, people)
    first = np.flatnonzero(np.diff(person, prepend=-1))
    writers.write(
        "planted_truth",
        {
            "customer_unique_id": unique_id,
            "customer_type": to_texts([kind.name for kind in types], kinds.number),
            "purchase_rate_per_day": rate[:people],
            "dropout_probability": kinds.values_of("dropout_probability"),
            "first_order_at": to_timestamps(ordered_at[first]),
        },
    )

    count = len(person)
    order_id, order_customer_id = make_hex_ids(rng, count), make_hex_ids(rng, count)
    buyers = kinds.of(person)
    buyer_id = unique_id.take(pa.array(person))
    place = write_customers(writers, rng, places, kinds, person, buyer_id, order_customer_id)
    orders = write_orders(
        writers, rng, places, buyers, order_id, order_customer_id, ordered_at, place
    )
    total_cents = write_items(writers, rng, places, catalogue, buyers, order_id, orders)
    write_payments(writers, rng, buyers, order_id, total_cents, scenario)
    write_reviews(writers, rng, order_id, orders, scenario)
    return count

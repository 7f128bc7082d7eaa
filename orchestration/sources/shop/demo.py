"""The demo shop of one flat file: customers who come back, and the truth behind them.

Nothing is drawn order by order: people, orders, baskets and returns are arrays, drawn in blocks of
a fixed size from seeds of their own, so that a seed gives the same bytes. A row of the file takes
some 110 bytes of memory until it is written.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np

from orchestration.sources.shop.baskets import Lines, OrderFacts, draw_baskets, join
from orchestration.sources.shop.catalogue import Catalogue, make_catalogue
from orchestration.sources.shop.documents import number_documents
from orchestration.sources.shop.people import Orders, People, draw_people_and_orders
from orchestration.sources.shop.returns import draw_returns
from orchestration.sources.shop.scenarios import (
    DEFAULT_SCENARIO,
    LAYOUT,
    SCENARIOS,
    Scenario,
    find_scenario,
)
from orchestration.sources.shop.truth import FOLDER_NAME, write_truth
from orchestration.sources.shop.writing import Shop, write_lines

__all__ = ["DEFAULT_SCENARIO", "LAYOUT", "SCENARIOS", "find_scenario", "generate_demo_shop"]

Progress = Callable[[int, int], None]
MIN_ORDERS = 100
MAPPING_NAME = "shop.yml"


def generate_demo_shop(
    folder: Path,
    *,
    order_count: int = 20_000,
    seed: int = 20_180_830,
    scenario: str = DEFAULT_SCENARIO,
    progress: Progress = lambda _done, _all: None,
) -> None:
    """Write ``order_lines.csv``, ``shop.yml`` and the folder ``truth`` into a folder.

    Args:
        folder: made if it is not there; files of the same names are replaced.
        order_count: exactly so many orders, at least 100; returns are orders beside them.
        seed: any whole number from 0; the same seed, count and scenario give the same bytes.
        scenario: what kind of shop, a name in ``SCENARIOS``.
        progress: called with orders done and orders to do; an order is half done when it is drawn.

    Raises:
        ValueError: fewer than 100 orders, a negative seed, or no such scenario.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     generate_demo_shop(Path(name), order_count=100, seed=1)
        ...     sorted(path.name for path in Path(name).iterdir())
        ['order_lines.csv', 'shop.yml', 'truth']
    """
    if order_count < MIN_ORDERS:
        raise ValueError(f"order_count must be at least {MIN_ORDERS}, got {order_count}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    planted = find_scenario(scenario)
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        shop, orders = draw_shop(seed, planted, order_count, progress)
        counts = write_lines(
            partial, shop, lambda done: progress((order_count + done) // 2, order_count)
        )
        settings: dict[str, int | str] = {
            "order_count": order_count, "seed": seed, "scenario": scenario,
        }  # fmt: skip
        write_truth(partial, shop, orders, planted, settings, counts)
        (partial / MAPPING_NAME).write_text(_text(MAPPING_NAME), encoding="utf-8")
        (partial / FOLDER_NAME / "README.md").write_text(_text("truth.md"), encoding="utf-8")
        _put_in_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def draw_shop(
    seed: int,
    scenario: Scenario,
    order_count: int,
    progress: Progress = lambda _done, _all: None,
) -> tuple[Shop, Orders]:
    """Draw all of a shop without writing any of it.

    Args:
        seed: any whole number from 0.
        scenario: what kind of shop.
        order_count: exactly so many orders.
        progress: called with orders done and orders to do.
    """
    catalogue_seed, people_seed, basket_seed, return_seed = np.random.SeedSequence(seed).spawn(4)
    catalogue = make_catalogue(np.random.default_rng(catalogue_seed), scenario, order_count)
    people, orders = draw_people_and_orders(people_seed, scenario, catalogue, order_count)
    lines, facts = _draw_lines(basket_seed, catalogue, people, orders, progress)
    rng = np.random.default_rng(return_seed)
    returns = draw_returns(rng, catalogue, people, orders, lines)
    documents = number_documents(orders, returns)
    return Shop(catalogue, people, lines, facts, returns, documents), orders


def _draw_lines(
    seed: np.random.SeedSequence,
    catalogue: Catalogue,
    people: People,
    orders: Orders,
    progress: Progress,
) -> tuple[Lines, OrderFacts]:
    lines, facts, done = [], [], 0
    for some_lines, some_facts in draw_baskets(seed, catalogue, people, orders):
        lines.append(some_lines)
        facts.append(some_facts)
        done += len(some_facts.shipping)
        progress(done // 2, len(orders))
    return join(lines), join(facts)


def _text(name: str) -> str:
    """A text that is the same for every shop of this kind."""
    return files("orchestration.sources.shop").joinpath(name).read_text(encoding="utf-8")


def _put_in_place(partial: Path, folder: Path) -> None:
    for path in sorted(path for path in partial.rglob("*") if path.is_file()):
        target = folder / path.relative_to(partial)
        target.parent.mkdir(exist_ok=True)
        path.replace(target)

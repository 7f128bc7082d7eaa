"""Shops and warehouses that tests share: each is built once by the command that users type."""

from __future__ import annotations

from pathlib import Path

import pytest
from shops import DEMO_ORDERS, PLANTED, Shop, generate_demo_shop, plant_customer, shared_shop

# Files that build much come first, so that no worker is left with one at the end; and of those that
# need the published shop one first and the others last: no worker waits for another's build. Nor
# do two builds compile all tests at once: beside the first, files are loaded.
FIRST = (
    "test_pipeline.py",
    "test_load.py",
    "real/*/test_published_shop.py",
    "test_segmentation.py",
    "test_dbt_project.py",
    "real/*/test_built_shop.py",
    "test_daily_replay.py",
    "test_extension.py",
    "test_two_writers.py",
    "test_orchestration/test_churn.py",
    "test_cli.py",
    "test_feature_settings.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files for the workers of the suite; the order within a file stays."""

    def rank(item: pytest.Item) -> int:
        is_real = "/tests/real/" in item.path.as_posix()
        places = (place for place, name in enumerate(FIRST) if item.path.match(name))
        return next(places, len(FIRST) + is_real)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def planted_ids() -> dict[str, str]:
    """Planted name to customer id."""
    return {name: name.encode().hex().ljust(32, "0") for name in PLANTED}


@pytest.fixture(scope="session")
def demo_build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, str]:
    """The demo shop, built whole, and what the command printed."""

    def make_files(folder: Path) -> Path:
        data = folder / "data"
        if not data.exists():
            generate_demo_shop(data, order_count=DEMO_ORDERS, seed=11)
            for name, purchases in PLANTED.items():
                plant_customer(data, name, purchases)
        return data

    return shared_shop(tmp_path_factory, "demo-shop", make_files, "build")


@pytest.fixture(scope="session")
def demo_files(demo_build: tuple[Shop, str]) -> Path:
    """A small demo shop with the planted customers in it."""
    return demo_build[0].data_dir


@pytest.fixture(scope="session")
def demo(demo_build: tuple[Shop, str]) -> Shop:
    """The demo shop, built whole. Read it only; take a copy to change it, or to run a command."""
    return demo_build[0]

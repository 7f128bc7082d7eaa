"""Shops and warehouses that tests share: each is built once by the command that users type."""

from __future__ import annotations

from pathlib import Path

import pytest
from shops import DEMO_ORDERS, PLANTED, Shop, plant_customer

from ml.demo import generate_demo_shop


@pytest.fixture(scope="session")
def planted_ids() -> dict[str, str]:
    """Planted name to customer id."""
    return {name: name.encode().hex().ljust(32, "0") for name in PLANTED}


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo shop with the planted customers in it."""
    folder = tmp_path_factory.mktemp("shop") / "data"
    generate_demo_shop(folder, order_count=DEMO_ORDERS, seed=11)
    for name, purchases in PLANTED.items():
        plant_customer(folder, name, purchases)
    return folder


@pytest.fixture(scope="session")
def demo_build(demo_files: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, str]:
    """The demo shop, built whole, and what the command printed."""
    shop = Shop(demo_files, tmp_path_factory.mktemp("demo-warehouse"))
    return shop, shop.run("regulars", "build").stdout


@pytest.fixture(scope="session")
def demo(demo_build: tuple[Shop, str]) -> Shop:
    """The demo shop, built whole. Read it only; take a copy to change it."""
    return demo_build[0]

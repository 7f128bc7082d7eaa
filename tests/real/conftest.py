"""The published shop, built whole once for all tests that only look into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shops import Shop

ROOT = os.environ.get("REGULARS_TEST_DATA")


@pytest.fixture(scope="session")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The real shop, built whole as of its default date. Read it only."""
    shop = Shop(Path(ROOT or ".") / "olist", tmp_path_factory.mktemp("olist"))
    shop.run("regulars", "build")
    return shop


@pytest.fixture(scope="session")
def olist_in_march(olist: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The real shop as it was on 2018-03-01, built without anything of a later build."""
    shop = Shop(olist.data_dir, tmp_path_factory.mktemp("olist-march"))
    shop.run("regulars", "build", "--as-of", "2018-03-01")
    return shop

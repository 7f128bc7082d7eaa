"""The published shop, built whole once for all tests that only look into it."""

from __future__ import annotations

import pytest
from real_data import data_set_folder
from shops import Shop, shared_shop


@pytest.fixture(scope="session")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The real shop, built whole as of its default date. Read it only."""
    where = data_set_folder("olist")
    return shared_shop(tmp_path_factory, "olist", lambda _folder: where, "build")[0]


@pytest.fixture(scope="session")
def olist_in_march(olist: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The real shop as it was on 2018-03-01, built without anything of a later build."""
    march = ("build", "--as-of", "2018-03-01")
    return shared_shop(tmp_path_factory, "olist-march", lambda _folder: olist.data_dir, *march)[0]

"""One shop for all tests of what is planted."""

from __future__ import annotations

import pytest
from flat_shops import open_shop


@pytest.fixture(scope="session")
def folder_of_shop(tmp_path_factory):
    return tmp_path_factory.mktemp("loyal")


@pytest.fixture(scope="session")
def shop(folder_of_shop):
    with open_shop(folder_of_shop) as connection:
        yield connection


@pytest.fixture
def truth(shop, folder_of_shop):
    """The folder of its truth."""
    return folder_of_shop / "truth"

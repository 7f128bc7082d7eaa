"""One shop for all tests of what is planted."""

from __future__ import annotations

import pytest
from flat_shops import open_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    with open_shop(tmp_path_factory.mktemp("loyal")) as connection:
        yield connection

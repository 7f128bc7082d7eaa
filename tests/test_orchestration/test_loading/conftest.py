"""Raw files of a small shop and a warehouse that has loaded them, to be spoilt by each test.

A module may say of how many orders (``ORDER_COUNT``) and with which expectations (``EXPECTED``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shops import generate_demo_shop
from spoilt_files import EXPECTED, ORDER_COUNT, Rows

from orchestration.loading.load import load_raw_files

SEED = 20_180_830


@pytest.fixture(scope="module")
def good_files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "shop"
    count = getattr(request.module, "ORDER_COUNT", ORDER_COUNT)
    generate_demo_shop(folder, order_count=count, seed=SEED)
    return folder


@pytest.fixture(scope="module")
def good_warehouse(
    request: pytest.FixtureRequest, good_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("good-warehouse") / "good.duckdb"
    expected = getattr(request.module, "EXPECTED", None)
    with duckdb.connect(str(path)) as connection:
        load_raw_files(connection, good_files, expectations=expected)
    return path


@pytest.fixture
def folder(good_files: Path, tmp_path: Path) -> Path:
    """A copy of the good files, to be spoilt."""
    return Path(shutil.copytree(good_files, tmp_path / "shop"))


@pytest.fixture
def warehouse(good_warehouse: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse into which the good files have been loaded: only spoilt ones load again."""
    path = shutil.copyfile(good_warehouse, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(path)) as connection:
        yield connection


@pytest.fixture
def load(warehouse: duckdb.DuckDBPyConnection, folder: Path) -> Callable[..., Rows]:
    """Load the spoilt files; the findings."""

    def findings(**options: Any) -> Rows:
        load_raw_files(warehouse, folder, **{"expectations": EXPECTED, **options})
        cursor = warehouse.execute("select * from raw.input_findings")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return findings

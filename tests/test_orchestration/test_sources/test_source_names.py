"""No name of a source stands outside of its own folders."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from shops import PROJECT_DIR

from orchestration.loading.tables import source_names
from orchestration.scaffolding.source_words import find_names

# A source that is called like what it is; put together here, since this file is grepped, too.
WORD = "shop"


def tracked_files() -> list[str]:
    """Files that git tracks, or would, of those that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_DIR, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    return sorted(path for path in set(listed) if path and (PROJECT_DIR / path).is_file())


def test_no_source_is_named_outside_its_folders():
    paths = tracked_files()
    assert "orchestration/sources/__init__.py" in paths
    assert list(find_names(PROJECT_DIR, paths, source_names())) == []


@pytest.mark.parametrize(
    ("path", "line", "is_named"),
    [
        ("orchestration/checks.py", "read stg_market__orders", True),
        ("orchestration/checks.py", 'name = "MARKET"', True),
        ("orchestration/checks.py", "supermarkets and marketing", False),
        ("orchestration/market.py", "nothing", True),
        ("seeds/markets.csv", "market,1", True),
        ("seeds/market/facts.csv", "market,1", False),
        ("dbt_project/models/marts/orders.sql", "from {{ source('market', 'orders') }}", True),
        ("dbt_project/models/staging/market/stg_market__orders.sql", "source('market')", False),
        ("dbt_project/macros/market/orders.sql", "nothing", True),
        ("orchestration/sources/market/demo.py", "market", False),
        ("tests/test_orchestration/test_loading/market/test_it.py", "market", False),
        ("tests/test_market.py", "nothing", True),
        ("README.md", "the market", False),
        ("reports/pages/10-overview.md", "the market", True),
        ("ml/store.py", "any shop", False),
        ("ml/store.py", f"source( '{WORD}', 'orders')", True),
        ("ml/store.py", f"int_{WORD}__conform_orders", True),
        (f"dbt_project/models/conformed/{WORD}/any.sql", f"stg_{WORD}__orders", False),
        ("dbt_project/models/conformed/market/any.sql", f"stg_{WORD}__orders", True),
    ],
)
def test_a_name_is_found_in_any_file_but_those_of_its_source(tmp_path, path, line, is_named):
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"first\n{line}\n", encoding="utf-8")
    places = list(find_names(Path(tmp_path), [path], ["market", WORD]))
    if not is_named:
        assert places == []
    elif line == "nothing":
        assert places == [f"{path}:0: {path}"]
    else:
        assert places == [f"{path}:2: {line}"]

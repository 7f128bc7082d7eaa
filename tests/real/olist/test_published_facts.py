"""What the published files hold that misleads whoever does not know of it: 95 figures.

They stand in ``published_facts.yml``, each with the query on the raw tables that measures it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_data import data_set_folder, needs_data_set
from shops import shared_shop

pytestmark = needs_data_set("olist")
GROUPS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "published_facts.yml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory):
    """The published files, loaded and nothing more; read it only."""
    where = data_set_folder("olist")
    return shared_shop(tmp_path_factory, "olist-loaded", lambda _folder: where, "load")[0]


def test_the_list_has_every_fact_of_every_pitfall_once():
    names = [name for group in GROUPS for name in group["facts"]]
    assert len(names) == len(set(names)) == 95
    numbers = {int(group["pitfall"].partition(" ")[0]) for group in GROUPS}
    assert numbers == set(range(1, 18))


@pytest.mark.parametrize(
    "group", GROUPS, ids=[f"{group['pitfall']}: {next(iter(group['facts']))}" for group in GROUPS]
)
def test_the_files_have_the_published_figures(loaded, group):
    before = f"with {group['with']}" if "with" in group else ""
    expressions = ", ".join(expression for _, expression in group["facts"].values())
    (row,) = loaded.rows(f"{before} select {expressions} from {group['rows']}")
    figures = dict(
        zip(group["facts"], (round(Decimal(str(value)), 4) for value in row), strict=True)
    )
    assert figures == {
        name: round(Decimal(str(figure)), 4) for name, (figure, _) in group["facts"].items()
    }

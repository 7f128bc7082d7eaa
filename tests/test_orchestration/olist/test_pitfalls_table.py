"""The table of what the marketplace's files do to the unwary."""

from __future__ import annotations

import json
import re

import yaml
from shops import PROJECT_DIR

from orchestration.loading.tables import default_source
from orchestration.settings import parsed_dir

CONFORMED_DIR = PROJECT_DIR / "dbt_project" / "models" / "conformed" / "olist"


def test_the_keepers_that_the_table_of_pitfalls_names_are_there(demo):
    text = (CONFORMED_DIR / "pitfalls.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 18))
    # What the demo shop was built from.
    manifest = json.loads((parsed_dir(default_source()) / "manifest.json").read_text())
    project_names = {node["name"] for node in manifest["nodes"].values()}
    project_names |= {macro["name"].removeprefix("test_") for macro in manifest["macros"].values()}
    project_names |= {column for node in manifest["nodes"].values() for column in node["columns"]}
    published = PROJECT_DIR / "tests" / "real" / "olist" / "published_facts.yml"
    project_names |= {
        fact for group in yaml.safe_load(published.read_text()) for fact in group["facts"]
    }
    project_names |= {"orchestration/loading/", "source_defaults", "tests/time_travel.py"}
    named = {
        name.removesuffix("()")
        for row in rows
        for name in re.findall(r"`([^`]+)`", row.split("|")[5])
    }
    assert named - project_names == set()

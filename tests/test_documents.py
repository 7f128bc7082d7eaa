"""What people read in the repository: its width, its links, its commands and its query."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import yaml

from orchestration.cli.app import app

PROJECT_DIR = Path(__file__).resolve().parent.parent
MAX_COLUMNS = 100
MAX_LINES_TO_CONTRIBUTE = 120
AT_THE_ROOT = [PROJECT_DIR / "README.md", PROJECT_DIR / "CONTRIBUTING.md"]
IN_DBT = sorted((PROJECT_DIR / "dbt_project/docs").rglob("*.md"))
ALL = [*AT_THE_ROOT, *IN_DBT]


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT_DIR))


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_no_line_is_longer_than_a_hundred_columns(path):
    too_long = [
        f"{name_of(path)}:{number}"
        for number, line in enumerate(lines_of(path), 1)
        if len(line) > MAX_COLUMNS
    ]
    assert too_long == []


def test_how_to_contribute_fits_on_a_few_screens():
    assert len(lines_of(PROJECT_DIR / "CONTRIBUTING.md")) <= MAX_LINES_TO_CONTRIBUTE


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(path):
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", AT_THE_ROOT, ids=name_of)
def test_every_command_and_option_that_is_named_exists(path):
    command = typer.main.get_command(app)
    mentions = re.findall(
        r"regulars ([a-z]+)((?: [a-zA-Z./-]+)*)", path.read_text(encoding="utf-8")
    )
    names = {name for name, _rest in mentions}
    assert names >= {"init", "check", "build"} or path.name != "README.md"
    for name, rest in mentions:
        assert name in command.commands, name
        step = command.commands[name]
        first = rest.split()[0] if rest.split() else ""
        if hasattr(step, "commands") and first in step.commands:
            step = step.commands[first]
        options = {text for parameter in step.params for text in parameter.opts}
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in options, f"regulars {name} {option}"


def test_the_first_query_reads_columns_that_the_mart_has():
    (query,) = re.findall(r"```sql\n(.*?)```", (PROJECT_DIR / "README.md").read_text(), re.S)
    (table,) = re.findall(r"from marts\.(\w+)", query)
    described = [
        model
        for path in (PROJECT_DIR / "dbt_project/models/marts").rglob("*__models.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        if model["name"] == table
    ]
    columns = {column["name"] for column in described[0]["columns"]}
    words = {"select", "count", "as", "customers", "sum", "revenue", "from", "marts", table,
             "group", "order", "by", "desc"}  # fmt: skip
    assert set(re.findall(r"\w+", query)) - words <= columns
    assert set(re.findall(r"\w+", query)) & columns

"""Sentences of marts: every code has a text, and every placeholder a figure."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
from derived_marts import MARTS, SEEDS, render_mart
from jinja2 import nodes

from orchestration.marts import PARTS

# An import of the texts of one topic, or of one text of it.
TEXTS = re.compile(
    r"(?P<name>\w+) as \(\s*select \* from \{\{ ref\('texts'\) \}\}\s*"
    r"where topic = '(?P<topic>\w+)'(?: and text_code = '(?P<code>\w+)')?\s*\)"
)
JOIN = r"on \w+\.(\w+) = {name}\.text_code"
REF = re.compile(r"\bref\('(\w+)'\)")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
MODELS = {path.stem: path for path in MARTS.rglob("*.sql") if "ref('texts')" in path.read_text()}


def read_texts() -> dict[str, dict[str, str]]:
    """Topic to code to text."""
    texts: dict[str, dict[str, str]] = {}
    with (SEEDS / "texts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            texts.setdefault(row["topic"], {})[row["text_code"]] = row["text"]
    return texts


def imports_of(path: Path) -> dict[str, re.Match[str]]:
    """The texts that a model imports, by the names that it gives them."""
    return {match["name"]: match for match in TEXTS.finditer(path.read_text("utf-8"))}


def figures_of(path: Path) -> dict[str, set[str]]:
    """The figures that a model fills each of its texts with, by the texts' names in it."""
    tree = jinja2.Environment(extensions=["jinja2.ext.do"]).parse(path.read_text("utf-8"))
    figures: dict[str, set[str]] = {}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "filled_text":
            text, filled = call.args
            assert isinstance(text, nodes.Const) and isinstance(filled, nodes.Dict)
            keys = {pair.key.as_const() for pair in filled.items}
            figures.setdefault(text.value.partition(".")[0], set()).update(keys)
    return figures


def constants_of(tree: Any) -> Iterator[str]:
    """Texts that an expression can yield: the results of a case, not its conditions."""
    if tree["class"] == "CASE":
        for check in tree["case_checks"]:
            yield from constants_of(check["then_expr"])
        yield from constants_of(tree["else_expr"])
    elif tree["class"] == "CONSTANT" and tree["literal"]["kind"] == "STRING":
        yield tree["literal"]["text"]


def queries_of(path: Path) -> list[str]:
    """The SQL of a mart and of the parts that it is made of."""
    parts = [path.parent / PARTS / f"{name}.sql" for name in REF.findall(path.read_text("utf-8"))]
    return [render_mart(path), *(render_mart(part) for part in parts if part.exists())]


def codes_of(query: str, column: str) -> set[str]:
    """Values that the case of a column can yield."""
    row = duckdb.execute("select json_serialize_sql(?)", [query]).fetchone()
    assert row is not None
    codes: set[str] = set()
    left = [json.loads(row[0])]
    while left:
        branch = left.pop()
        if isinstance(branch, list):
            left += branch
        elif isinstance(branch, dict):
            if branch.get("alias") == column and branch.get("class") == "CASE":
                codes.update(constants_of(branch))
            left += branch.values()
    return codes


@pytest.mark.parametrize("model", MODELS)
def test_every_code_that_a_mart_can_yield_has_a_text_and_no_text_is_unused(model: str) -> None:
    path, texts = MODELS[model], read_texts()
    queries = queries_of(path)
    for name, match in imports_of(path).items():
        if match["code"]:
            assert match["code"] in texts[match["topic"]]
            continue
        (column,) = set(re.findall(JOIN.format(name=name), path.read_text("utf-8")))
        codes = {code for query in queries for code in codes_of(query, column)}
        assert codes == texts[match["topic"]].keys(), (model, column)


@pytest.mark.parametrize("model", MODELS)
def test_every_placeholder_of_a_text_has_a_figure(model: str) -> None:
    path, texts = MODELS[model], read_texts()
    figures = figures_of(path)
    for name, match in imports_of(path).items():
        placeholders = {
            placeholder
            for code, text in texts[match["topic"]].items()
            if match["code"] in (None, code)
            for placeholder in PLACEHOLDER.findall(text)
        }
        assert placeholders == figures.get(name, set()), (model, name)


def test_every_topic_is_that_of_a_mart() -> None:
    topics = {m["topic"] for path in MODELS.values() for m in imports_of(path).values()}
    assert topics == read_texts().keys()
    assert {"refit_advice", "churn_verdict", "segments"} <= MODELS.keys()


def test_codes_are_read_from_the_results_of_a_case() -> None:
    query = (
        "select case when a = 'x' then 'y' when b then case when c then 'z' end else 'w' end as k"
    )
    assert codes_of(query, "k") == {"y", "z", "w"}

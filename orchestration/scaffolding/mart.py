"""A new mart: its model, its entry in the YAML, and the places that list every mart."""

from __future__ import annotations

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from orchestration.errors import RegularsError
from orchestration.marts import DIAGNOSTICS
from orchestration.scaffolding.changes import Changes
from orchestration.scaffolding.project import (
    MARTS,
    MODELS,
    check_name,
    relation_names,
    render,
)
from orchestration.scaffolding.yaml_insert import LOADER, insert_entry

EXPOSURES = MODELS / "exposures.yml"
# The skeleton's: one row per person.
DEFAULT_ROOM = "customers"
OVERVIEW = Path("dbt_project/docs/overview.md")
MART_ROW = re.compile(r"^\| [^|]+ \| `marts\.\w+` \|.*$", re.MULTILINE)


def plan_mart(root: Path, name: str, room: str = DEFAULT_ROOM) -> Changes:
    """What a new mart takes: nothing is written yet.

    Args:
        root: of the checkout.
        name: of the mart.
        room: its folder in ``models/marts``, made if it is not there.

    Returns:
        The new and changed files.

    Raises:
        RegularsError: a name is refused, or a file that lists all marts is not as expected.
    """
    check_name(name, "mart", relation_names(root))
    check_name(room, "room")
    if room == DIAGNOSTICS:
        raise RegularsError(
            f"the name of a room must not be {DIAGNOSTICS}, which is the folder in a room for what "
            f"tells how models were made and judged; choose another one, such as {DEFAULT_ROOM}"
        )
    folder = MARTS / room
    changes = Changes(root)
    orders = "valid_orders" if name != "valid_orders" else "counted_orders"
    changes.add(folder / f"{name}.sql", render("mart.sql.j2", name=name, valid_orders=orders))
    _describe(changes, folder / f"_{room}__models.yml", render("mart.yml.j2", name=name))
    expose(changes, "published_copy", name)
    _list_in_overview(changes, name)
    return changes


def _describe(changes: Changes, path: Path, entry: str) -> None:
    """Put the model's entry into the YAML of its folder, or begin one."""
    if not changes.has(path):
        indented = "".join(f"  {line}" for line in entry.splitlines(keepends=True))
        changes.add(path, f"version: 2\n\nmodels:\n{indented}")
        return
    text = insert_entry(
        changes.text_of(path), ["models"], entry, file_name=str(path), is_apart=True
    )
    changes.change(path, text)


def expose(changes: Changes, exposure: str, model: str) -> None:
    """Name a model in an exposure, at its place in the order of names.

    Args:
        changes: to which it is added.
        exposure: its name.
        model: a mart.

    Raises:
        RegularsError: there is no such exposure.
    """
    text = changes.text_of(EXPOSURES)
    named = _named(text, exposure)
    if f"ref('{model}')" in named:
        return
    later = next((entry for entry in named if entry > f"ref('{model}')"), None)
    path = ["exposures", exposure, "depends_on"]
    new = insert_entry(text, path, f"- ref('{model}')", file_name=str(EXPOSURES), before=later)
    changes.change(EXPOSURES, new)


def _named(text: str, exposure: str) -> list[str]:
    try:
        exposures = yaml.load(text, LOADER)["exposures"]
        (described,) = (entry for entry in exposures if entry["name"] == exposure)
        return [str(item) for item in described["depends_on"]]
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise RegularsError(
            f"{EXPOSURES} must have the exposure {exposure} with its list depends_on, but it does "
            "not; restore the file, as with git checkout"
        ) from error


def _list_in_overview(changes: Changes, name: str) -> None:
    """Put a row into the overview's table, behind those of the other marts."""
    text = changes.text_of(OVERVIEW)
    rows = list(MART_ROW.finditer(text))
    if not rows:
        raise RegularsError(
            f"{OVERVIEW} must have a table with a row like | person | `marts.customer_rfm` | ... | "
            "for each mart, but it has none; restore the file, as with git checkout"
        )
    row = f"\n| person | `marts.{name}` | valid orders and what they came to |"
    end = rows[-1].end()
    changes.change(OVERVIEW, text[:end] + row + text[end:])

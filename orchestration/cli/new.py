"""`regulars new`: the skeleton of a mart, a page or a source, as the tests hold one to it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.cli.options import path_option
from orchestration.paths import shown_path

if TYPE_CHECKING:
    from orchestration.scaffolding.changes import Changes

new = typer.Typer(
    help="Write the skeleton of a mart, a page or a source into the checkout.",
    no_args_is_help=True,
)


@new.command("mart")
def new_mart(
    name: Annotated[str, typer.Argument(help="Lower snake case, like repeat_buyers.")],
    room: Annotated[
        str, typer.Option(help="Folder in models/marts: customers, orders, ... or a new one.")
    ] = "customers",
) -> None:
    """A mart: model, contract, descriptions, tests, and its place among the others."""
    from orchestration.scaffolding.mart import plan_mart
    from orchestration.scaffolding.project import find_project

    root = find_project(Path.cwd())
    changes = plan_mart(root, name, room)
    changes.write()
    _print_changes(
        changes,
        [
            f"replace what {name}.sql computes, and say in its first comment and in the YAML what "
            "one row is",
            "say in dbt_project/docs/overview.md what it holds, and one row per what",
            "if it has a column as_of_date, add it to "
            "tests/sql/every_mart_is_as_of_the_same_date.sql",
            "if it joins, test grain_is_kept or money_is_conserved; if it holds what was paid, see "
            "money_reconciliation",
            f"dbt build --select {name}",
        ],
    )


@new.command("page")
def new_page(
    name: Annotated[str, typer.Argument(help="Lower snake case, like repeat_buyers.")],
    title: Annotated[
        str | None, typer.Option(help="Heading and entry in the menu; made of the name if none.")
    ] = None,
) -> None:
    """A page of the report: Markdown with SQL blocks, a chart and a table."""
    from orchestration.scaffolding.page import plan_page
    from orchestration.scaffolding.project import find_project

    root = find_project(Path.cwd())
    changes = plan_page(root, name, title)
    changes.write()
    _print_changes(
        changes,
        [
            "replace its SQL, its text and its chart; the page opens with its answer",
            "name the marts that it reads in the exposure regulars_report "
            "(dbt_project/models/exposures.yml)",
            "change the number at the front of the file name to move it in the menu",
            "regulars report",
        ],
    )


@new.command("source")
def new_source(
    name: Annotated[str, typer.Argument(help="Lower snake case, a word only this shop has.")],
    folder: Annotated[
        Path | None,
        path_option("--from", "Folder of its files: tables, columns, types and keys from there."),
    ] = None,
) -> None:
    """A source: raw tables, staging and conformed models, switches and settings."""
    from orchestration.scaffolding.project import find_project
    from orchestration.scaffolding.source import plan_source

    root = find_project(Path.cwd())
    changes, notes = plan_source(root, name, folder)
    changes.write()
    shown = shlex.quote(str(folder)) if folder else "FOLDER"
    _print_changes(
        changes,
        [
            *notes,
            f"see in dbt_project/models/staging/{name}/_{name}__sources.yml that types and roles "
            "are right, and say of each table and column what it is",
            f"see in dbt_project/models/conformed/{name}/ that orders, persons and money are what "
            "the files mean by them",
            f"see what dbt_project.yml says of {name}: dates, currency, label window, what a "
            "contact costs and a return is worth",
            f"REGULARS_SOURCE={name} REGULARS_DATA_DIR={shown} regulars build",
        ],
    )


def _print_changes(changes: Changes, steps: Sequence[str]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if changes.root != Path.cwd():
        console.print(f"In {shown_path(changes.root)}:")
    for status, paths in (("new", changes.added), ("changed", changes.changed)):
        for path in paths:
            console.print(f"{status:8} {shown_path(path)}")
    console.print("\nNext:")
    for number, step in enumerate(steps, 1):
        console.print(f"{number}. {step}")

"""A new source: the models of its folder, its switches and its settings."""

from __future__ import annotations

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from orchestration.errors import RegularsError
from orchestration.paths import quoted
from orchestration.scaffolding.changes import Changes
from orchestration.scaffolding.project import MODELS, check_name, render
from orchestration.scaffolding.source_guess import guess_source
from orchestration.scaffolding.source_models import (
    CONFORMED,
    conformed_models,
    find_capabilities,
    staging_sql,
)
from orchestration.scaffolding.source_settings import note_lacks
from orchestration.scaffolding.source_tables import SourceGuess, example_source
from orchestration.scaffolding.source_words import find_names, pattern_of
from orchestration.scaffolding.yaml_insert import LOADER, insert_entry

PROJECT_FILE = Path("dbt_project.yml")
# Folders whose files belong to no source, and what the names of sources in them would be found by.
CODE = ("dbt_project", "ml", "orchestration", "reports", "seeds", "tests")
SWITCHED = (
    ("models", "regulars", "staging"),
    ("models", "regulars", "conformed"),
    ("sources", "regulars", "staging"),
    ("data_tests", "regulars", "models", "staging"),
    ("data_tests", "regulars", "models", "conformed"),
)


def plan_source(root: Path, name: str, folder: Path | None = None) -> tuple[Changes, list[str]]:
    """What a new source takes: nothing is written yet.

    Args:
        root: of the checkout.
        name: of the source.
        folder: of files whose columns it has; the least that a shop has if none.

    Returns:
        The new and changed files, and what a person has to look at.

    Raises:
        RegularsError: the name is refused, or the files or ``dbt_project.yml`` are not as expected.
    """
    _check_source_name(root, name)
    guess = example_source() if folder is None else guess_source(folder)
    changes = Changes(root)
    models = conformed_models(name, guess, changes.text_of(CONFORMED))
    supplies = sorted(model.partition("_")[2] for model in models)
    _add_models(changes, name, guess, models, supplies)
    _switch_on(changes, name)
    _add_settings(changes, name, guess, supplies)
    return changes, [*guess.notes, *note_lacks(guess, name)]


def _check_source_name(root: Path, name: str) -> None:
    """A source's name must be found in its own folders only, and no other's in it."""
    staging = root / MODELS / "staging"
    there = {path.name for path in staging.iterdir() if path.is_dir()}
    check_name(name, "source", there | {"models", "generic"})
    for other in sorted(there):
        if pattern_of(other).search(f"stg_{name}__") or pattern_of(name).search(f"stg_{other}__"):
            raise RegularsError(
                f"the name of a source must not have the name of another one in it, got "
                f"{quoted(name)}, which has {quoted(other)}; choose another one"
            )
    files = sorted(
        path.relative_to(root).as_posix()
        for top in CODE
        for path in (root / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    first = next(find_names(root, files, [name]), None)
    if first is not None:
        place = re.sub(r":0:.*|(:\d+): .*", r"\1", first, flags=re.DOTALL)
        raise RegularsError(
            f"the name of a source must stand nowhere but in its own folders, but {quoted(name)} "
            f"is a word of the project ({place}); choose one that is only this shop's, such as "
            f"{name}_files"
        )


def _add_models(
    changes: Changes, name: str, guess: SourceGuess, models: dict[str, str], supplies: list[str]
) -> None:
    staging, conformed = MODELS / "staging" / name, MODELS / "conformed" / name
    text = render("sources.yml.j2", source=name, tables=guess.tables)
    changes.add(staging / f"_{name}__sources.yml", text)
    text = render("staging_models.yml.j2", source=name, tables=guess.tables)
    changes.add(staging / f"_staging_{name}__models.yml", text)
    for table in guess.tables:
        changes.add(staging / f"stg_{name}__{table.name}.sql", staging_sql(name, table))
    orders = guess.orders
    key = next((column.name for column in orders.columns if column.field == "order_id"), None)
    text = render(
        "conformed_models.yml.j2", source=name, supplies=supplies, orders=orders, order_key=key
    )
    changes.add(conformed / f"_conformed_{name}__models.yml", text)
    for model, sql in models.items():
        changes.add(conformed / f"int_{name}__{model}.sql", sql)


def _switch_on(changes: Changes, name: str) -> None:
    """Enable the folders of the source where it is the one that is asked for."""
    text = changes.text_of(PROJECT_FILE)
    default = _variables(text)["source"]
    condition = f"(env_var('REGULARS_SOURCE', '') or var('source', '{default}')) == '{name}'"
    for path in SWITCHED:
        anchor = f'&is_{name} "{{{{ {condition} }}}}"' if path is SWITCHED[0] else f"*is_{name}"
        entry = f"{name}:\n  +enabled: {anchor}"
        text = insert_entry(text, path, entry, file_name=str(PROJECT_FILE))
    changes.change(PROJECT_FILE, text)


def _add_settings(changes: Changes, name: str, guess: SourceGuess, supplies: list[str]) -> None:
    text = changes.text_of(PROJECT_FILE)
    variables = _variables(text)
    other_defaults = [
        defaults
        for defaults in variables["source_defaults"].values()
        if "churn_training_date_count" in defaults
    ]
    entry = render(
        "source_defaults.yml.j2",
        source=name,
        supplies=supplies,
        capabilities=find_capabilities(guess),
        settings=guess.settings,
        bounds=variables["settings_before_the_load"],
        protocol=other_defaults[-1],
    )
    path = ["vars", "source_defaults"]
    changes.change(PROJECT_FILE, insert_entry(text, path, entry, file_name=str(PROJECT_FILE)))


def _variables(text: str) -> dict[str, dict[str, dict[str, object]]]:
    try:
        variables = yaml.load(text, LOADER)["vars"]
        assert {"source", "source_defaults", "settings_before_the_load"} <= variables.keys()
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise RegularsError(
            f"{PROJECT_FILE} must have the variables source, source_defaults and "
            "settings_before_the_load, but it does not; restore it, as with git checkout"
        ) from error
    return dict(variables)

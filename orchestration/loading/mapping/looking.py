"""Guesses the mapping of a folder of files: a preset by its columns, or field by field.

Nothing is asked: what cannot be guessed gets a default, which is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration.loading.mapping.fields import FIELDS, PLACEHOLDER, TableName
from orchestration.loading.mapping.file_specs import guess_file_spec
from orchestration.loading.mapping.guess_settings import (
    MAX_STATUSES,
    find_date_formats,
    guess_marks,
    guess_settings,
    guess_signs,
    most_frequent_code,
)
from orchestration.loading.mapping.guess_time_zone import guess_time_zone
from orchestration.loading.mapping.guessing import (
    ColumnGuess,
    guess_columns,
    guess_layout,
    guess_made_values,
)
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.optional_tables import add_optional_tables, table_of
from orchestration.loading.mapping.presets import Preset, all_presets, fit_preset
from orchestration.loading.mapping.profile import Looked, distinct_values, look_at_folder
from orchestration.loading.mapping.read import parse_mapping
from orchestration.loading.mapping.settling import settle_money
from orchestration.loading.mapping.writing import write_mapping
from orchestration.loading.mapping.yaml_text import Path as KeyPath


@dataclass
class Guess:
    """A guessed mapping.

    Attributes:
        mapping: the mapping.
        text: the same as commented YAML.
        preset: that fits, if any.
        unsure: sentences about what should be looked at.
        files: table to the files and sheets that were taken.
    """

    mapping: ShopMapping
    text: str
    preset: str | None
    unsure: list[str]
    files: dict[str, list[str]] = field(default_factory=dict)


def guess_mapping(folder: Path) -> Guess:
    """Look at the files of a folder, and guess how they are to be read.

    Args:
        folder: of the files.

    Returns:
        A mapping that holds together, and what is not certain about it.

    Raises:
        InputError: there is nothing that can be read.
    """
    with duckdb.connect() as connection:
        looked = look_at_folder(connection, folder)
        for preset in all_presets():
            files_by_table = _recognise(preset, looked)
            if files_by_table is not None:
                return _from_preset(connection, folder, preset, files_by_table, looked)
        return _from_columns(connection, folder, looked)


def _recognise(preset: Preset, looked: Sequence[Looked]) -> dict[TableName, list[Looked]] | None:
    """The files of each table of a preset; none where a table has no file."""
    files_by_table: dict[TableName, list[Looked]] = {}
    taken: list[Looked] = []
    for table, signs in preset.signs.items():
        fitting = [
            file
            for file in looked
            if file not in taken
            and all(any(name in file.header for name in sign) for sign in signs)
        ]
        if not fitting:
            return None
        files_by_table[table] = fitting
        taken += fitting
    return files_by_table


def _from_preset(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    preset: Preset,
    files_by_table: dict[TableName, list[Looked]],
    looked: Sequence[Looked],
) -> Guess:
    unsure = _notes_of(files_by_table)
    given = preset.mapping
    changes: dict[str, Any] = {"files": {}}
    for table, files in files_by_table.items():
        spec = given.file_of(table)
        assert spec is not None
        changes["files"][table] = {**guess_file_spec(files, unsure), "key": list(spec.key or ())}
    main = files_by_table[given.main_table]
    currency = _currency(connection, preset, main)
    if currency is not None:
        changes["currency"] = currency
    elif preset.name != "online_retail":
        unsure.append(f"currency: no column has it; {given.currency} is taken.")
    if preset.name != "online_retail":
        changes["time_zone"], said_of_zone = guess_time_zone(
            connection, main, _columns(given, "ordered_at", "paid_at"),
            currency or given.currency, given.time_zone_of_dates,
        )  # fmt: skip
        unsure.append(said_of_zone)
    formats = find_date_formats(main, _columns(given, "ordered_at", "paid_at"), unsure)
    changes["date_formats"] = [
        *formats,
        *(date_format for date_format in given.date_formats if date_format not in formats),
    ]  # fmt: skip
    amounts = _columns(
        given, *(name for fields in FIELDS.values() for name, kind in fields.items()
                 if kind in ("amount", "price"))
    )  # fmt: skip
    marks = guess_marks([file for files in files_by_table.values() for file in files], amounts)
    if "decimal_mark" in marks:
        changes.update(marks)
        unsure.append("decimal_mark: the amounts have a comma, which is taken for it.")
    more = add_optional_tables(connection, changes, _unread(looked, files_by_table), unsure)
    headers = {table: [file.header for file in files] for table, files in files_by_table.items()}
    mapping = fit_preset(preset, headers, changes)
    files_by_table = {**files_by_table, **more}
    if preset.name != "online_retail":
        mapping, notes = settle_money(folder, mapping, is_preset=True)
        unsure += notes
    _add_statuses(connection, mapping, main[0], unsure)
    unsure += _unused(looked, files_by_table)
    head = [line.removeprefix("#").strip() for line in preset.text.splitlines()
            if line.startswith("#")]  # fmt: skip
    return _guess(
        mapping, ["Written by `regulars init`.", "", *head], {}, preset.name, unsure, files_by_table
    )


def _columns(mapping: ShopMapping, *names: str) -> list[str]:
    """The columns of the files that may fill fields of these names."""
    return [
        column
        for table in FIELDS
        for name, candidates in mapping.columns_of(table).items()
        if name in names
        for column in candidates
    ]


def _notes_of(files_by_table: Mapping[TableName, Sequence[Looked]]) -> list[str]:
    return [note for files in files_by_table.values() for file in files for note in file.notes]


def _currency(
    connection: duckdb.DuckDBPyConnection, preset: Preset, files: Sequence[Looked]
) -> str | None:
    return most_frequent_code(connection, files, _columns(preset.mapping, "currency"))


def _add_statuses(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, main: Looked, unsure: list[str]
) -> None:
    """Say which statuses of the file the preset does not know."""
    statuses = mapping.orders.statuses
    names = mapping.columns_of("orders").get("status", ())
    if statuses is None or not names:
        return
    listed_statuses = {status.lower() for status in (*statuses.valid, *statuses.not_valid)}
    unlisted_statuses = [
        value
        for value in distinct_values(connection, main, names[0], MAX_STATUSES)
        if value.lower() not in listed_statuses
    ]
    if unlisted_statuses:
        unsure.append(
            f"orders.statuses: {', '.join(unlisted_statuses)} stand in neither list, so such "
            "orders are not valid; put each into one."
        )


def _unread(
    looked: Sequence[Looked], files_by_table: Mapping[TableName, Sequence[Looked]]
) -> list[Looked]:
    used = [file for files in files_by_table.values() for file in files]
    return [file for file in looked if file not in used]


def _unused(
    looked: Sequence[Looked], files_by_table: Mapping[TableName, Sequence[Looked]]
) -> list[str]:
    return [
        f"{file.source.name} is not read; add it below files, if it belongs to the shop."
        for file in _unread(looked, files_by_table)
    ]


def _from_columns(
    connection: duckdb.DuckDBPyConnection, folder: Path, looked: Sequence[Looked]
) -> Guess:
    """Guess field by field."""
    mains = [file for file in looked if table_of(file) is None] or looked
    layout, files_by_table = guess_layout(mains)
    unsure = _notes_of(files_by_table)
    value: dict[str, Any] = {"version": 1, "layout": layout, "files": {}}
    notes: dict[KeyPath, str] = {}
    guesses: dict[TableName, dict[str, ColumnGuess]] = {}
    for table, files in files_by_table.items():
        value["files"][table] = guess_file_spec(files, unsure)
        for owner, columns in guess_columns(layout, table, files[0]).items():
            guesses[owner] = columns
            part = value.setdefault(owner, {})
            part["columns"] = {name: [guess.column] for name, guess in columns.items()}
            for name, guess in columns.items():
                path: KeyPath = (owner, "columns", name)
                notes[path] = f"{guess.confidence:.2f}: {guess.reason}"
                if guess.column == PLACEHOLDER:
                    unsure.append(f"{owner}.columns.{name}: {guess.reason}.")
                elif guess.confidence < 0.8:
                    unsure.append(
                        f"{owner}.columns.{name} is {guess.column!r} ({guess.confidence:.0%}): "
                        f"{guess.reason}."
                    )
    for owner, key, setting, said_of_it in guess_made_values(layout, guesses):
        value[owner][key] = setting
        unsure.append(said_of_it)
    main = files_by_table[next(iter(files_by_table))]
    guess_settings(connection, value, guesses, main, unsure)
    guess_signs(value, guesses, [files[0] for files in files_by_table.values()], unsure)
    files_by_table |= add_optional_tables(
        connection, value, _unread(looked, files_by_table), unsure
    )
    mapping, money_notes = settle_money(folder, ShopMapping.model_validate(value), is_preset=False)
    unsure += [*money_notes, *_unused(looked, files_by_table)]
    head = [
        "Written by `regulars init` from the columns of the files. Behind each column stands how",
        "sure the guess is, from 0 to 1, and why.",
    ]
    return _guess(mapping, head, notes, None, unsure, files_by_table)


def _guess(
    mapping: ShopMapping,
    head: Sequence[str],
    notes: Mapping[KeyPath, str],
    preset: str | None,
    unsure: list[str],
    files_by_table: Mapping[TableName, Sequence[Looked]],
) -> Guess:
    text = write_mapping(mapping, head=head, notes=notes)
    files: dict[str, list[str]] = {
        table: [file.source.name for file in looked] for table, looked in files_by_table.items()
    }
    return Guess(parse_mapping(text), text, preset, unsure, files)

"""Columns that are not read though their names say that they change what the others mean."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from orchestration.errors import InputError
from orchestration.loading.csv_faults import rows_one_by_one
from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.formats import PARQUET
from orchestration.loading.lines import unit_of
from orchestration.loading.lists import topics_of


@dataclass
class _Value:
    """A value of a column: as it first stands there, on which line, and in how many rows."""

    text: str
    line_number: int
    row_count: int = 0


def find_telling_columns(
    files: Sequence[RawFile], expectations: Expectations | None
) -> Iterator[Finding]:
    """Ignored columns whose names say money, currency, unit, status, refund, discount or test.

    Args:
        files: all files of the source.
        expectations: the shop's currency; none to hold no currency against it.

    Yields:
        A finding per column.

    Raises:
        InputError: a column of currencies has several.
    """
    for file in files:
        telling = {
            name: topics
            for name in file.header
            if name not in file.table.columns and (topics := topics_of(name))
        }
        if not telling:
            continue
        values = _values(file, list(telling))
        for name, topics in telling.items():
            if "currency" in topics:
                yield _currency(file, name, values[name], expectations)
            else:
                yield _ignored(file, name, topics, values[name])


def _ignored(file: RawFile, name: str, topics: Sequence[str], values: dict[str, _Value]) -> Finding:
    first = min(values.values(), key=lambda value: value.line_number, default=None)
    count = sum(value.row_count for value in values.values())
    example = (
        f"{counted(count, 'row')} have a value, the first {first.text!r} on {unit_of(file)} "
        f"{first.line_number}"
        if first
        else "it is empty throughout"
    )
    return Finding(
        code="ignored_column",
        message=f"{file.path.name}, column {name}: its name says {' and '.join(topics)}, but it "
        f"is not read; {example}. If it changes what the amounts or orders mean, they are wrong.",
        remedy=f"Work {name} into the columns that are read, or take it out of the file.",
        file=file,
        column_name=name,
        line_number=first.line_number if first else None,
        found_value=first.text if first else None,
        affected_count=count,
    )


def _currency(
    file: RawFile, name: str, values: dict[str, _Value], expectations: Expectations | None
) -> Finding:
    ordered = sorted(values.values(), key=lambda value: value.line_number)
    if len(ordered) > 1:
        one, other = ordered[:2]
        unit = unit_of(file)
        raise InputError(
            f"{file.path.name}, column {name}: expected one currency, found {len(ordered)}: "
            f"{one.text!r} ({unit} {one.line_number}), {other.text!r} ({unit} "
            f"{other.line_number}); amounts in several currencies cannot be summed. Convert them "
            f"to one, and take the column out or fill it with that one."
        )
    expected = expectations.currency_code if expectations else None
    if not ordered or expected is None or ordered[0].text.strip().upper() == expected:
        return _ignored(file, name, ["currency"], values)
    (found,) = ordered
    return Finding(
        code="other_currency",
        message=f"{file.path.name}, {unit_of(file)} {found.line_number}, column {name}: the "
        f"currency is {found.text!r}, but all amounts are shown as {expected}.",
        remedy="Set currency_code of the source in dbt_project.yml to the shop's currency.",
        file=file,
        column_name=name,
        line_number=found.line_number,
        found_value=found.text,
        affected_count=found.row_count,
    )


def _values(file: RawFile, names: Sequence[str]) -> dict[str, dict[str, _Value]]:
    """Values of columns, by the text that makes them the same: without case and outer blanks."""
    found: dict[str, dict[str, _Value]] = {name: {} for name in names}
    for line, texts in _cells(file, names):
        for name, text in zip(names, texts, strict=True):
            key = text.strip().upper()
            if key:
                value = found[name].setdefault(key, _Value(text, line))
                value.row_count += 1
    return found


def _cells(file: RawFile, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    if file.format == PARQUET:
        with file.path.open("rb") as stream:  # a name with signs in it is no pattern here
            columns = [column.to_pylist() for column in pq.read_table(stream, columns=list(names))]
        for number, cells in enumerate(zip(*columns, strict=True), 1):
            yield number, ["" if cell is None else str(cell) for cell in cells]
        return
    places = [file.header.index(name) for name in names]
    for number, (line, row, _) in enumerate(rows_one_by_one(file)):
        if number > 0 and not isinstance(row, csv.Error) and len(row) == len(file.header):
            yield line, [row[place] for place in places]

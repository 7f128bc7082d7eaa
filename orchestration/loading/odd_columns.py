"""Columns that are not read though their names say that they change what the others mean."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from orchestration.errors import InputError
from orchestration.loading.csv_faults import rows_one_by_one
from orchestration.loading.currencies import currency_of
from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.formats import PARQUET
from orchestration.loading.lines import unit_of
from orchestration.loading.lists import topics_of

# More values than these are no list of a shop's currencies.
MAX_CURRENCIES = 8


@dataclass
class _Value:
    """A value of a column: as it first stands there, on which line, and in how many rows."""

    text: str
    line_number: int
    row_count: int = 0


@dataclass(frozen=True)
class _Currency:
    """A currency, where it first stands in a column."""

    code: str
    file: RawFile
    column_name: str
    value: _Value

    def place(self) -> str:
        """Its text, with the line or row."""
        return f"{self.value.text!r} ({unit_of(self.file)} {self.value.line_number})"


def find_telling_columns(
    files: Sequence[RawFile], expectations: Expectations | None
) -> Iterator[Finding]:
    """Ignored columns whose names or values say that they change what the others mean.

    Names say money, currency, quantity, unit, status, refund, discount, tax or test; values say so
    if all of them are codes of a few currencies.

    Args:
        files: all files of the source.
        expectations: the shop's currency; none to hold no currency against it.

    Yields:
        A finding per column.

    Raises:
        InputError: there are several currencies, in one column or in two.
    """
    currencies: list[_Currency] = []
    findings: list[Finding] = []
    for file in files:
        names = dict.fromkeys(file.header)  # a name that nobody reads may stand there twice
        ignored = [name for name in names if name and name not in file.table.columns]
        values = _values(file, ignored) if ignored else {}
        for name in ignored:
            topics = topics_of(name)
            in_column = _currencies(file, name, values[name], is_named_so="currency" in topics)
            currencies += in_column
            if in_column and (other := _other_currency(in_column, expectations)):
                findings.append(other)
            elif topics or in_column:
                findings.append(_ignored(file, name, topics or ["currency"], values[name]))
    _refuse_several(currencies)
    yield from findings


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


def _currencies(
    file: RawFile, name: str, values: dict[str, _Value], *, is_named_so: bool
) -> list[_Currency]:
    """The currencies of a column, the first of each; none if it is no column of currencies."""
    currencies: dict[str, _Currency] = {}
    other_count = 0
    for value in sorted(values.values(), key=lambda value: value.line_number):
        code = currency_of(value.text, is_named_so=is_named_so)
        if code is None:
            other_count += 1
        else:
            currencies.setdefault(code, _Currency(code, file, name, value))
    is_list = not other_count and 2 <= len(currencies) <= MAX_CURRENCIES
    return list(currencies.values()) if is_named_so or is_list else []


def _refuse_several(currencies: Sequence[_Currency]) -> None:
    codes = {currency.code for currency in currencies}
    if len(codes) < 2:
        return
    one = currencies[0]
    columns: dict[tuple[str, str], list[_Currency]] = {}
    for currency in currencies:
        columns.setdefault((currency.file.path.name, currency.column_name), []).append(currency)
    several = next((column for column in columns.values() if len(column) > 1), None)
    if several is not None:
        one, other = several[:2]
        examples = f"{len(several)}: {one.place()}, {other.place()}"
    else:
        other = next(currency for currency in currencies if currency.code != one.code)
        examples = (
            f"{one.place()} here and {other.place()} in {other.file.path.name}, column "
            f"{other.column_name}"
        )
    raise InputError(
        f"{one.file.path.name}, column {one.column_name}: expected one currency, found {examples}; "
        "amounts in several currencies cannot be summed. Convert them to one, and take the column "
        "out or fill it with that one."
    )


def _other_currency(
    currencies: Sequence[_Currency], expectations: Expectations | None
) -> Finding | None:
    expected = expectations.currency_code if expectations else None
    (first, *_) = currencies
    if expected is None or first.code == expected:
        return None
    return Finding(
        code="other_currency",
        message=f"{first.file.path.name}, {unit_of(first.file)} {first.value.line_number}, column "
        f"{first.column_name}: the currency is {first.value.text!r}, but all amounts are shown as "
        f"{expected}.",
        remedy="Set currency_code of the source in dbt_project.yml to the shop's currency.",
        file=first.file,
        column_name=first.column_name,
        line_number=first.value.line_number,
        found_value=first.value.text,
        affected_count=first.value.row_count,
    )


def _values(file: RawFile, names: Sequence[str]) -> dict[str, dict[str, _Value]]:
    """Values of columns, by the text that makes them the same: without case and outer blanks."""
    values_by_column: dict[str, dict[str, _Value]] = {name: {} for name in names}
    for line, texts in _cells(file, names):
        for name, text in zip(names, texts, strict=True):
            key = text.strip().upper()
            if key:
                value = values_by_column[name].setdefault(key, _Value(text, line))
                value.row_count += 1
    return values_by_column


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

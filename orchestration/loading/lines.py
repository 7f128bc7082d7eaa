"""Where the rows of a table stand in its file: found only when a row is to be named."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from orchestration.loading.csv_faults import rows_one_by_one
from orchestration.loading.files import RawFile
from orchestration.loading.formats import PARQUET

# The number of a row in its table, from 1, in the order of the file.
POSITION_SQL = "row_number() over (order by rowid)"


@dataclass(frozen=True)
class Place:
    """Where a row stands.

    Attributes:
        line_number: the physical line on which it begins; of a Parquet file the number of the row.
        text: the line, empty for a Parquet file.
    """

    line_number: int
    text: str


def unit_of(file: RawFile) -> str:
    """What the places of a file are called."""
    return "row" if file.format == PARQUET else "line"


def find_places(
    file: RawFile, positions: Collection[int], rejected_lines: Collection[int]
) -> dict[int, Place]:
    """Places of rows, given their numbers in the table.

    The rows of a table are those of its file, in its order, without the rejected ones: so the
    file is gone through as far as needed, and the rejected rows are passed over.

    Args:
        file: the file that the table was loaded from.
        positions: numbers of rows in the table, from 1.
        rejected_lines: lines of the rows that are not in the table.

    Returns:
        A place for each position that the file has.
    """
    places: dict[int, Place] = {}
    open_positions, rejected = set(positions), set(rejected_lines)
    if not open_positions:
        return places
    last, position = max(open_positions), 0
    for place in _rows(file, last + len(rejected)):
        if place.line_number in rejected:
            continue
        position += 1
        if position in open_positions:
            places[position] = place
        if position == last:
            break
    return places


def _rows(file: RawFile, row_count: int) -> Iterator[Place]:
    if file.format == PARQUET:
        yield from (Place(number, "") for number in range(1, row_count + 1))
        return
    for number, (line, row, text) in enumerate(rows_one_by_one(file)):
        if number > 0 and not isinstance(row, csv.Error) and row != []:
            yield Place(line, text.rstrip("\r\n"))

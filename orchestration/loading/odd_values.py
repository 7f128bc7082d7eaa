"""Values that a business list does not know: said, and never a reason to stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL
from orchestration.loading.lists import listed_values
from orchestration.loading.row_tests import broken_rows

# So many values of a column are named one by one; the rest in one finding.
MAX_VALUES = 20


@dataclass(frozen=True)
class _List:
    """A list, of one country where it is by country, and what becomes of values that it lacks."""

    role: str
    seed: str
    column: str
    what: str
    row: str
    consequence: str
    country: str | None = None

    def values(self) -> frozenset[str]:
        """What it knows."""
        filters = {"country": self.country} if self.country else {}
        return listed_values(self.seed, self.column, **filters)

    def first_of_line(self, value: str) -> str:
        """How its line for a value begins."""
        return f"{self.country},{value.strip()}" if self.country else value.strip()


ALWAYS_LISTED = (
    _List(
        "order_status", "order_statuses", "order_status", "status", "order",
        "such orders count as not valid, and what was paid for them is among what is left out",
    ),
    _List(
        "payment_type", "payment_types", "payment_type", "means of payment", "payment",
        "such payments count as money, not as vouchers",
    ),
)  # fmt: skip


def _lists(country: str | None) -> Iterator[_List]:
    yield from ALWAYS_LISTED
    if country:
        yield _List(
            "state", "state_regions", "state", "state", "row", "such rows have no region", country
        )


def find_unlisted_values(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[RawFile],
    expectations: Expectations | None,
) -> Iterator[Finding]:
    """Values that the lists do not know, without regard to case and to blanks at their ends.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.
        expectations: they say in which country the shop's states are; without one, or where the
            list has none of it, no state is held against the list.

    Yields:
        A finding per value, the most frequent first.
    """
    country = expectations.country_code if expectations else None
    for value_list in _lists(country):
        listed = value_list.values()
        for file in files if listed else ():
            column = file.table.column_of(value_list.role)
            # Where a place is looked up, its state is not read.
            if column is None or file.table.references:
                continue
            rows = [row for row in _values(connection, file, column) if row[0] not in listed]
            yield from (_finding(value_list, file, column, *row) for row in rows[:MAX_VALUES])
            rest = rows[MAX_VALUES:]
            if rest:
                count = sum(row[3] for row in rest)
                yield Finding(
                    code=f"unknown_{value_list.role}",
                    message=f"{file.path.name}, column {column}: {counted(len(rest), 'value')} "
                    f"more, in {counted(count, value_list.row)}, of a {value_list.what} that "
                    f"seeds/{value_list.seed}.csv does not list; {value_list.consequence}.",
                    remedy=f"Add them to seeds/{value_list.seed}.csv.",
                    file=file,
                    column_name=column,
                    affected_count=count,
                )


def find_broken_rows(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Rows that break a test of the sources YAML that only warns: they stay, and are said.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per test.
    """
    for file in files:
        for test in file.table.row_tests:
            if not test.is_warning or test.kind == "relationships":
                continue
            rows = broken_rows(connection, file, test)
            if rows:
                position, value, reason = rows[0]
                yield Finding(
                    code="row_without_meaning",
                    message=f"{{place}}: {reason}, as in {counted(len(rows), 'row')}, which "
                    "count for nothing.",
                    remedy="Mend the value, or take the row out of the file.",
                    file=file,
                    column_name=test.columns[-1],
                    position=position,
                    found_value=value,
                    affected_count=len(rows),
                )


def _values(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str
) -> list[tuple[str | None, str | None, int, int]]:
    """Value as lists are matched, as it stands in the first row, number of that row, and rows."""
    return connection.execute(
        f"""
        select nullif(lower(trim(value)), ''), arg_min(value, position), min(position), count(*)
        from (
            select {POSITION_SQL} as position, "{column}" as value from raw.{file.table.name}
        )
        group by 1
        order by 4 desc, 3
        """
    ).fetchall()


def _finding(
    value_list: _List,
    file: RawFile,
    column: str,
    listed: str | None,
    value: str | None,
    position: int,
    count: int,
) -> Finding:
    if listed is None:
        return Finding(
            code=f"empty_{value_list.role}",
            message=f"{{place}}: expected a {value_list.what}, found none, in "
            f"{counted(count, value_list.row)}; {value_list.consequence}.",
            remedy="Export the file with it, if the shop knows it.",
            file=file,
            column_name=column,
            position=position,
            affected_count=count,
        )
    return Finding(
        code=f"unknown_{value_list.role}",
        message=f"{{place}}: the {value_list.what} {value!r}, in {counted(count, value_list.row)}, "
        f"is not listed in seeds/{value_list.seed}.csv; {value_list.consequence}.",
        remedy=f"Add a line that begins with {value_list.first_of_line(str(value))!r} to "
        f"seeds/{value_list.seed}.csv, or mend the value in the file.",
        file=file,
        column_name=column,
        position=position,
        found_value=value,
        affected_count=count,
    )

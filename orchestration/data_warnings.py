"""What in the shop's data misleads whoever does not know of it, and what changed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

Key = tuple[str, str | None, str | None]  # code, table, column
WHERE_TO_READ = "marts.data_warnings, or the report's page on data quality"


@dataclass(frozen=True)
class DataWarning:
    """One row of ``marts.data_warnings``, or several of one code, table and column.

    Attributes:
        code: its short name.
        table: in which it stands; none for what the load found in several.
        column: by which it shows; none for what the load found in a whole file.
        text: what is counted.
        row_count: how often.
    """

    code: str
    table: str | None
    column: str | None
    text: str
    row_count: int

    @property
    def key(self) -> Key:
        """By which it is the same in the next build."""
        return self.code, self.table, self.column


@dataclass(frozen=True)
class Change:
    """A warning whose count is not what it was.

    Attributes:
        text: what is counted.
        before: how often in the last build; 0 where it is new.
        now: how often now; 0 where it is gone.
    """

    text: str
    before: int
    now: int


@dataclass(frozen=True)
class WarningComparison:
    """The warnings of a build, compared with the last build's.

    Attributes:
        warning_count: warnings now.
        changes: what is new, gone, or of another count, in the order of the warnings.
    """

    warning_count: int
    changes: tuple[Change, ...]

    @property
    def sentence(self) -> str:
        """How many there are, how many changed, and where they are."""
        if self.warning_count == 0 and not self.changes:
            return "nothing that misleads"
        things = "thing" if self.warning_count == 1 else "things"
        changed = f", {len(self.changes)} changed since the last build" if self.changes else ""
        return f"{self.warning_count} {things} to know{changed}: {WHERE_TO_READ}"


def compare_data_warnings(
    warnings: Sequence[DataWarning], former: Sequence[DataWarning] | None
) -> WarningComparison:
    """Compare warnings with those of the last build.

    Args:
        warnings: of this build.
        former: of the last build; none where there was none, so that nothing has changed.

    Returns:
        The comparison.

    Example:
        >>> before = DataWarning("guests", "canonical.orders", None, "orders of guests", 3)
        >>> now = DataWarning("guests", "canonical.orders", None, "orders of guests", 5)
        >>> compare_data_warnings([now], [before]).changes
        (Change(text='orders of guests', before=3, now=5),)
    """
    if former is None:
        return WarningComparison(len(warnings), ())
    texts = {warning.key: warning.text for warning in [*former, *warnings]}
    counts = {warning.key: warning.row_count for warning in warnings}
    former_counts = {warning.key: warning.row_count for warning in former}
    ordered = [*counts, *(key for key in former_counts if key not in counts)]
    return WarningComparison(
        len(warnings),
        tuple(
            Change(texts[key], _count(former_counts, key), _count(counts, key))
            for key in ordered
            if _count(former_counts, key) != _count(counts, key)
        ),
    )


def _count(counts: Mapping[Key, int], key: Key) -> int:
    return counts.get(key, 0)


def read_data_warnings(connection: duckdb.DuckDBPyConnection) -> list[DataWarning] | None:
    """The rows of ``marts.data_warnings``; none where the warehouse does not have it yet."""
    tables = connection.execute(
        "select 1 from information_schema.tables where table_catalog = current_database() "
        "and table_schema = 'marts' and table_name = 'data_warnings'"
    ).fetchall()
    if not tables:
        return None
    rows = connection.execute(
        """
        select warning_code, table_name, column_name, any_value(warning), sum(row_count)::bigint
        from marts.data_warnings
        group by warning_code, table_name, column_name
        order by min(warning_number)
        """
    ).fetchall()
    return [DataWarning(*row) for row in rows]

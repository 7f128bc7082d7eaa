"""What is odd about the input, but does not stop the load: one finding."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.loading.files import RawFile

# Stands in a message for where the row is: the file, its line and the column.
PLACE = "{place}"


@dataclass(frozen=True)
class Finding:
    """A finding, before its line is known.

    Attributes:
        code: kind of finding; those about time begin with ``time_``.
        message: one whole sentence; ``{place}`` in it becomes file, line and column.
        remedy: what to do.
        file: the file that it is about.
        column_name: the column.
        position: number of the first such row in the file's table, from 1.
        line_number: its line, where it is known already.
        found_value: what stands there.
        affected_count: rows that it is about.
    """

    code: str
    message: str
    remedy: str
    file: RawFile | None = None
    column_name: str | None = None
    position: int | None = None
    line_number: int | None = None
    found_value: str | None = None
    affected_count: int | None = None


def counted(count: int, singular: str) -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "order"), counted(1200, "order")
        ('1 order', '1,200 orders')
    """
    return f"{count:,} {singular}{'' if count == 1 else 's'}"

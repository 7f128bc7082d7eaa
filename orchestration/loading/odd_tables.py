"""Tables that a shop may do without, and does: what is missing is said, since marts lack it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from ml.statements import count_rows
from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding


def find_empty_tables(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Optional tables without a row.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per table.
    """
    for file in files:
        name = file.table.name
        if not file.table.is_optional or count_rows(connection, f"raw.{name}"):
            continue
        how = "is not there" if file.is_missing else "has no row below its header"
        yield Finding(
            code="empty_table",
            message=f"{file.path.name} {how}, so raw.{name} is empty, like all that is made of it.",
            remedy=f"Add the file with its rows and load again, if the shop has any "
            f"{name.replace('_', ' ')}.",
            file=file,
            affected_count=0,
        )

"""What was loaded when: the log, by which an unchanged file is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from orchestration.loading.files import RawFile
from orchestration.loading.tables import RawTable

# Raise it whenever the same bytes would be read into other rows, so that they are read again.
READING_VERSION = 3


@dataclass(frozen=True)
class TableLoad:
    """What happened to one raw table.

    Attributes:
        table_name: table in schema ``raw``.
        file_name: the file's name, without its folder.
        byte_count: size on disk.
        row_count: rows in the table.
        rejected_row_count: rows kept out, now in ``raw.rejected_rows``.
        ignored_columns: columns of the file that the table does not have.
        is_new: false where the file had not changed since the last load.
    """

    table_name: str
    file_name: str
    byte_count: int
    row_count: int
    rejected_row_count: int
    ignored_columns: tuple[str, ...]
    is_new: bool


def create_log_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``raw.load_log`` and ``raw.rejected_rows`` where they are missing."""
    connection.execute("create schema if not exists raw")
    connection.execute(
        """
        create table if not exists raw.load_log (
            load_id bigint, table_name varchar, file_name varchar, byte_count bigint,
            sha256 varchar, row_count bigint, rejected_row_count bigint, ignored_columns varchar,
            table_definition varchar, loaded_at timestamp
        )
        """
    )
    connection.execute(
        """
        create table if not exists raw.rejected_rows (
            table_name varchar, file_name varchar, line_number bigint, column_name varchar,
            rejected_value varchar, reason varchar, raw_line varchar, loaded_at timestamp
        )
        """
    )


def _definition(table: RawTable) -> str:
    """How a file is read: with its bytes, all that its table depends on."""
    roles = {column: f" {role}" for role, column in table.roles.items()}
    columns = [f"{name} {kind}{roles.get(name, '')}" for name, kind in table.columns.items()]
    return f"reading {READING_VERSION}: {', '.join(columns)}"


def former_load(
    connection: duckdb.DuckDBPyConnection, file: RawFile, max_rejected_rows: int
) -> TableLoad | None:
    """The last load of this table, if it was of these very bytes and is still acceptable."""
    row = connection.execute(
        """
        select sha256, table_definition, byte_count, row_count, rejected_row_count
        from raw.load_log where table_name = ? order by load_id desc limit 1
        """,
        [file.table.name],
    ).fetchone()
    exists = connection.execute(
        """
        select 1 from information_schema.tables
        where table_catalog = current_database() and table_schema = 'raw' and table_name = ?
        """,
        [file.table.name],
    ).fetchone()
    if row is None or exists is None:
        return None
    sha256, definition, byte_count, row_count, rejected_row_count = row
    if sha256 != file.sha256 or definition != _definition(file.table):
        return None
    if rejected_row_count > max_rejected_rows:
        return None
    return TableLoad(
        table_name=file.table.name,
        file_name=file.path.name,
        byte_count=byte_count,
        row_count=row_count,
        rejected_row_count=rejected_row_count,
        ignored_columns=file.ignored_columns,
        is_new=False,
    )


def log_load(connection: duckdb.DuckDBPyConnection, file: RawFile, load: TableLoad) -> None:
    """Write down what was loaded, and the rows that were kept out."""
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(
        """
        insert into raw.load_log
        select coalesce(max(load_id), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ? from raw.load_log
        """,
        [
            load.table_name,
            load.file_name,
            load.byte_count,
            file.sha256,
            load.row_count,
            load.rejected_row_count,
            ", ".join(load.ignored_columns),
            _definition(file.table),
            now,
        ],
    )
    connection.execute("delete from raw.rejected_rows where table_name = ?", [load.table_name])
    rows: list[list[Any]] = [
        [
            load.table_name,
            reject.file_name,
            reject.line_number,
            reject.column_name,
            reject.rejected_value,
            reject.reason,
            reject.raw_line,
            now,
        ]
        for reject in file.rejects
    ]
    if rows:
        connection.executemany(
            "insert into raw.rejected_rows values (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )

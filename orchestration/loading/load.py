"""The load: every raw file of a source, all of them or none, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from ml.statements import count_rows, transaction
from orchestration.errors import InputError
from orchestration.loading.csv_reader import first_odd_line, load_csv
from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile, file_sha256, first_line
from orchestration.loading.findings import record_findings
from orchestration.loading.folder import find_files
from orchestration.loading.formats import PARQUET
from orchestration.loading.line_ends import ONE_END
from orchestration.loading.log import TableLoad, create_log_tables, former_load, log_load
from orchestration.loading.parquet import load_parquet
from orchestration.loading.profiles import profile_new_loads
from orchestration.loading.rejects import too_many_rejects
from orchestration.loading.row_tests import set_aside_broken_rows
from orchestration.loading.same_shop import keep_former_orders, require_same_shop
from orchestration.loading.tables import RawTable, source_tables
from orchestration.paths import shown_text

Progress = Callable[[str], None]


def load_raw_files(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    tables: Sequence[RawTable] | None = None,
    expectations: Expectations | None = None,
    max_rejected_rows: int = 0,
    progress: Progress = lambda _message: None,
) -> list[TableLoad]:
    """Load every raw file of a source into schema ``raw``, all of them or none.

    A file whose bytes have not changed since its last load is left alone. Nothing is visible to
    others before the one transaction at the end commits.

    Args:
        connection: an open, writable DuckDB connection.
        folder: where the files lie, each as ``.csv``, ``.csv.gz`` or ``.parquet``. Those of
            optional tables may be missing or have no rows: the table is empty then, which is said.
        tables: which files to expect; none for those of the source.
        expectations: what the rows are held against beyond their files, such as the as-of date;
            none for nothing.
        max_rejected_rows: how many unreadable rows, over all files, may be set aside in
            ``raw.rejected_rows``; 0 or more.
        progress: called with a sentence per file.

    Returns:
        One ``TableLoad`` per raw table, in the order of ``tables``.

    Raises:
        InputError: a folder, file, column or value is not as expected; ``raw`` is untouched.
    """
    if max_rejected_rows < 0:
        raise InputError(
            f"max_rejected_rows must be 0 or more, got {max_rejected_rows}; "
            "0 means that one unreadable row stops the load."
        )
    tables = source_tables() if tables is None else tables
    files = find_files(folder, tables)
    for file in files:
        file.sha256 = "" if file.is_missing else file_sha256(file.path)

    loads: list[TableLoad] = []
    with transaction(connection):
        create_log_tables(connection)
        former_orders = keep_former_orders(connection, tables)
        rejected_so_far = 0
        for file in files:
            former = former_load(connection, file, max_rejected_rows - rejected_so_far)
            if former is not None:
                progress(f"{file.path.name}: unchanged")
                rejected_so_far += former.rejected_row_count
                loads.append(former)
                continue
            row_count = 0 if file.is_missing else _load_one(connection, file)
            if file.is_missing:
                create_empty_table(connection, file.table)
            else:
                file.require_unchanged()
            rejected_so_far += len(file.rejects)
            if rejected_so_far > max_rejected_rows:
                raise InputError(too_many_rejects(file, rejected_so_far, max_rejected_rows))
            if row_count == 0 and (file.rejects or not file.table.is_optional):
                raise InputError(
                    f"{file.path.name}: expected at least one row below the header, found none; "
                    "export the file again, it may have been cut off."
                )
            load = TableLoad(
                table_name=file.table.name,
                file_name=file.path.name,
                byte_count=0 if file.is_missing else file.path.stat().st_size,
                row_count=row_count,
                rejected_row_count=len(file.rejects),
                ignored_columns=file.ignored_columns,
                is_new=True,
            )
            log_load(connection, file, load)
            loads.append(load)
            message = f"{file.path.name}: {row_count:,} rows"
            if file.is_missing:
                message = f"{file.path.name}: not there, so {file.table.name} is empty"
            if file.misnomer:
                message += f", read as {file.misnomer}"
            if file.ignored_columns:
                message += f", kept out the columns {shown_text(', '.join(file.ignored_columns))}"
            if file.rejects:
                message += f", rejected {len(file.rejects):,}"
            progress(message)
        require_same_shop(connection, former_orders)
        record_findings(connection, files, expectations)
        profile_new_loads(connection)
    return loads


def create_empty_table(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Create a raw table without rows, its columns typed, in the place of what is there."""
    columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in table.columns.items())
    connection.execute(f"create or replace table raw.{table.name} ({columns})")


def _load_one(connection: duckdb.DuckDBPyConnection, file: RawFile) -> int:
    reader = load_parquet if file.format == PARQUET else load_csv
    try:
        reader(connection, file)
        file.rejects.extend(set_aside_broken_rows(connection, file))
        file.rejects.sort(key=lambda reject: reject.line_number)
    except duckdb.Error as error:
        if odd := first_odd_line(file):
            raise InputError(f"{file.path.name}, {odd}. {ONE_END}.") from error
        how = "Export the file again"
        if file.format != PARQUET:
            how += (
                " as UTF-8, comma-separated, with double quotes around text that holds commas or "
                "line breaks, and with the same line ends throughout"
            )
        raise InputError(f"{file.path.name} cannot be read: {first_line(error)}. {how}.") from error
    return count_rows(connection, f"raw.{file.table.name}")

"""The load of a shop's own files: its mapping applied, and what it found written down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from ml.statements import transaction
from orchestration.loading.files import file_sha256
from orchestration.loading.findings import create_findings_table
from orchestration.loading.log import TableLoad, create_log_tables
from orchestration.loading.mapping.apply import Applied, fill_tables
from orchestration.loading.mapping.capabilities import record_capabilities
from orchestration.loading.mapping.history import record_settings
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.place import mapping_place
from orchestration.loading.mapping.read import read_mapping
from orchestration.loading.mapping.sources import find_sources
from orchestration.loading.profiles import profile_new_loads
from orchestration.loading.same_shop import keep_former_orders, require_same_shop
from orchestration.loading.tables import RawTable

Progress = Callable[[str], None]
# Tables of the mapping of which the loader makes what every source has.
MADE_OVER = ("rejected", "findings")
# Contact data stand nowhere else, so there is no profile of them.
CONTACT_TABLES = ("customer_contacts",)
# What people should look at; the rest of what the mapping counted is as the mapping means it.
ODD = (
    "far_dates", "dominant_customer", "nobody_returns", "unlisted_statuses",
    "orders_without_lines", "total_differences", "conflicting_rows",
    "shared_keys", "amounts_like_thousands", "lines_of_price_zero", "payments_without_order",
    "returns_without_moment",
)  # fmt: skip


def load_mapped_files(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    tables: tuple[RawTable, ...],
    max_rejected_rows: int = 0,
    progress: Progress = lambda _message: None,
) -> list[TableLoad]:
    """Load a shop's own files into schema ``raw`` by its mapping, all of them or none.

    Files and a mapping whose bytes have not changed since the last load are left alone.

    Args:
        connection: an open, writable DuckDB connection.
        folder: of the files; the mapping is in it, or where ``REGULARS_SHOP`` says.
        tables: of the source; each is filled.
        max_rejected_rows: how many faulty rows may be set aside in ``raw.rejected_rows``.
        progress: called with a sentence per step.

    Returns:
        One ``TableLoad`` per table, in the order of ``tables``.

    Raises:
        InputError: mapping, file, column or value is not as expected; ``raw`` is untouched.
    """
    place = mapping_place(folder)
    mapping, paths = find_mapped_files(folder)
    names, byte_count = ", ".join(path.name for path in paths), sum(
        path.stat().st_size for path in paths
    )  # fmt: skip
    digest = _digest(place, paths, max_rejected_rows)
    with transaction(connection):
        create_log_tables(connection)
        is_new = not _is_loaded(connection, tables, digest)
        if is_new:
            former_orders = keep_former_orders(connection, tables)
            applied = fill_tables(
                connection, folder, mapping, schema="raw", max_rejected_rows=max_rejected_rows
            )
            require_same_shop(connection, former_orders)
            _tell(applied, progress)
            _keep_rejected_rows(connection)
            _keep_findings(connection)
            for name in MADE_OVER:
                connection.execute(f"drop table raw.{name}")
            record_capabilities(connection)
            record_settings(connection, mapping)
            progress("settings and protocol from the history")
        else:
            progress(f"{names}: unchanged")
        loads = [_load_of(connection, table, names, byte_count, is_new=is_new) for table in tables]
        if is_new:
            _log(connection, loads, digest)
            profile_new_loads(connection, left_out=CONTACT_TABLES)
    return loads


def find_mapped_files(folder: Path) -> tuple[ShopMapping, list[Path]]:
    """The mapping of a folder, and all files that it names, each once.

    Args:
        folder: of the files; the mapping is in it, or where ``REGULARS_SHOP`` says.

    Raises:
        InputError: the mapping is not as expected, or a file that it names is not there.
    """
    mapping = read_mapping(mapping_place(folder))
    paths: dict[Path, None] = {}
    for table in mapping.tables():
        spec = mapping.file_of(table)
        assert spec is not None
        for source in find_sources(folder, spec, f"files.{table}.path"):
            paths[source.path] = None
    if mapping.products.kinds_file is not None and (folder / mapping.products.kinds_file).is_file():
        paths[folder / mapping.products.kinds_file] = None
    return mapping, list(paths)


def _digest(place: Path, paths: list[Path], max_rejected_rows: int) -> str:
    """What the raw tables depend on: the mapping, the files and the code that reads them."""
    parts = [version("regulars"), str(max_rejected_rows), file_sha256(place)]
    parts += [f"{path.name} {file_sha256(path)}" for path in paths]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_loaded(
    connection: duckdb.DuckDBPyConnection, tables: tuple[RawTable, ...], digest: str
) -> bool:
    names = [table.name for table in tables]
    ((logged,),) = connection.execute(
        """
        select count(*) from (
            select table_name, sha256 from raw.load_log
            qualify row_number() over (partition by table_name order by load_id desc) = 1
        )
        where sha256 = ? and list_contains(?, table_name)
        """,
        [digest, names],
    ).fetchall()
    ((there,),) = connection.execute(
        """
        select count(*) from information_schema.tables
        where table_catalog = current_database() and table_schema = 'raw'
            and list_contains(?, table_name)
        """,
        [names],
    ).fetchall()
    return bool(logged == there == len(names))


def _tell(applied: Applied, progress: Progress) -> None:
    for table, files in applied.files.items():
        progress(f"{table}: {', '.join(files)}")


def _keep_rejected_rows(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from raw.rejected_rows")
    connection.execute(
        """
        insert into raw.rejected_rows
        select
            table_name, file_name || coalesce(' (' || sheet_name || ')', ''), line_number,
            column_name, rejected_value, reason, raw_line, cast(? as timestamp)
        from raw.rejected
        """,
        [_now()],
    )


def _keep_findings(connection: duckdb.DuckDBPyConnection) -> None:
    create_findings_table(connection)
    connection.execute("delete from raw.input_findings")
    connection.execute(
        """
        insert into raw.input_findings (
            finding_code, affected_count, message, remedy, found_at
        )
        select
            finding_id, finding_count,
            format('{:,} {}', finding_count, message)
                || coalesce(' (such as ' || examples || ')', '') || '.',
            'See what regulars check says of it, and mend the rules in shop.yml.',
            cast(? as timestamp)
        from raw.findings
        where list_contains(?, finding_id) or starts_with(finding_id, 'rejected_')
        """,
        [_now(), list(ODD)],
    )


def _load_of(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    names: str,
    byte_count: int,
    *,
    is_new: bool,
) -> TableLoad:
    ((row_count,),) = connection.execute(f"select count(*) from raw.{table.name}").fetchall()
    ((rejected,),) = connection.execute(
        "select count(*) from raw.rejected_rows where table_name = ?", [table.name]
    ).fetchall()
    return TableLoad(
        table_name=table.name,
        file_name=names,
        byte_count=byte_count,
        row_count=row_count,
        rejected_row_count=rejected,
        ignored_columns=(),
        is_new=is_new,
    )


def _log(connection: duckdb.DuckDBPyConnection, loads: list[TableLoad], digest: str) -> None:
    for load in loads:
        connection.execute(
            """
            insert into raw.load_log
            select coalesce(max(load_id), 0) + 1, ?, ?, ?, ?, ?, ?, '', 'by a mapping', ?
            from raw.load_log
            """,
            [
                load.table_name, load.file_name, load.byte_count, digest, load.row_count,
                load.rejected_row_count, _now(),
            ],
        )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)

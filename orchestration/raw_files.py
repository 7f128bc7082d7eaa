"""What the raw files must look like, and the loader that holds them to it.

Dialect, types and encoding are stated here and never sniffed: in the Olist files quotes first
appear at line 422,498, comments span lines and zip prefixes start with zeros.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import duckdb

from orchestration.errors import InputError

Progress = Callable[[str], None]

TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S"
FILE_SUFFIXES = (".csv", ".csv.gz", ".parquet")
# No row of these files comes near it; a quote that is never closed does.
MAX_LINE_BYTES = 2_097_152


@dataclass(frozen=True)
class RawTable:
    """One raw file and the table it becomes.

    Attributes:
        name: table in schema ``raw``.
        file_stem: file name without its suffix.
        columns: column name to SQL type, in the order of the published files.
    """

    name: str
    file_stem: str
    columns: dict[str, str]


MONEY = "DECIMAL(18, 2)"

OLIST_TABLES: tuple[RawTable, ...] = (
    RawTable(
        "customers",
        "olist_customers_dataset",
        {
            "customer_id": "VARCHAR",
            "customer_unique_id": "VARCHAR",
            "customer_zip_code_prefix": "VARCHAR",
            "customer_city": "VARCHAR",
            "customer_state": "VARCHAR",
        },
    ),
    RawTable(
        "geolocation",
        "olist_geolocation_dataset",
        {
            "geolocation_zip_code_prefix": "VARCHAR",
            "geolocation_lat": "DOUBLE",
            "geolocation_lng": "DOUBLE",
            "geolocation_city": "VARCHAR",
            "geolocation_state": "VARCHAR",
        },
    ),
    RawTable(
        "order_items",
        "olist_order_items_dataset",
        {
            "order_id": "VARCHAR",
            "order_item_id": "INTEGER",
            "product_id": "VARCHAR",
            "seller_id": "VARCHAR",
            "shipping_limit_date": "TIMESTAMP",
            "price": MONEY,
            "freight_value": MONEY,
        },
    ),
    RawTable(
        "order_payments",
        "olist_order_payments_dataset",
        {
            "order_id": "VARCHAR",
            "payment_sequential": "INTEGER",
            "payment_type": "VARCHAR",
            "payment_installments": "INTEGER",
            "payment_value": MONEY,
        },
    ),
    RawTable(
        "order_reviews",
        "olist_order_reviews_dataset",
        {
            "review_id": "VARCHAR",
            "order_id": "VARCHAR",
            "review_score": "INTEGER",
            "review_comment_title": "VARCHAR",
            "review_comment_message": "VARCHAR",
            "review_creation_date": "TIMESTAMP",
            "review_answer_timestamp": "TIMESTAMP",
        },
    ),
    RawTable(
        "orders",
        "olist_orders_dataset",
        {
            "order_id": "VARCHAR",
            "customer_id": "VARCHAR",
            "order_status": "VARCHAR",
            "order_purchase_timestamp": "TIMESTAMP",
            "order_approved_at": "TIMESTAMP",
            "order_delivered_carrier_date": "TIMESTAMP",
            "order_delivered_customer_date": "TIMESTAMP",
            "order_estimated_delivery_date": "TIMESTAMP",
        },
    ),
    RawTable(
        "products",
        "olist_products_dataset",
        {
            "product_id": "VARCHAR",
            "product_category_name": "VARCHAR",
            "product_name_lenght": "INTEGER",
            "product_description_lenght": "INTEGER",
            "product_photos_qty": "INTEGER",
            "product_weight_g": "INTEGER",
            "product_length_cm": "INTEGER",
            "product_height_cm": "INTEGER",
            "product_width_cm": "INTEGER",
        },
    ),
    RawTable(
        "sellers",
        "olist_sellers_dataset",
        {
            "seller_id": "VARCHAR",
            "seller_zip_code_prefix": "VARCHAR",
            "seller_city": "VARCHAR",
            "seller_state": "VARCHAR",
        },
    ),
    RawTable(
        "product_category_name_translation",
        "product_category_name_translation",
        {
            "product_category_name": "VARCHAR",
            "product_category_name_english": "VARCHAR",
        },
    ),
)

RAW_TABLES_BY_SOURCE: dict[str, tuple[RawTable, ...]] = {"olist": OLIST_TABLES}


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


@dataclass(frozen=True)
class RejectedRow:
    """A row that could not be read: where it stands, and why."""

    file_name: str
    line_number: int
    column_name: str | None
    rejected_value: str | None
    reason: str
    raw_line: str


@dataclass
class _Source:
    """A raw file that was found, with its header."""

    table: RawTable
    path: Path
    suffix: str
    header: list[str]
    sha256: str = ""
    rejects: list[RejectedRow] = field(default_factory=list)

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.header if name not in self.table.columns)


def load_raw_files(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    source: str = "olist",
    max_rejected_rows: int = 0,
    progress: Progress = lambda _message: None,
) -> list[TableLoad]:
    """Load every raw file of a source into schema ``raw``, all of them or none.

    A file whose bytes have not changed since its last load is left alone. Nothing is visible to
    others before the one transaction at the end commits.

    Args:
        connection: an open, writable DuckDB connection.
        folder: where the files lie, each as ``.csv``, ``.csv.gz`` or ``.parquet``.
        source: which files to expect; a key of ``RAW_TABLES_BY_SOURCE``.
        max_rejected_rows: how many unreadable rows, over all files, may be set aside in
            ``raw.rejected_rows``; 0 or more.
        progress: called with a sentence per file.

    Returns:
        One ``TableLoad`` per raw table, in the order of the source's list.

    Raises:
        InputError: a folder, file, column or value is not as expected; ``raw`` is untouched.
    """
    if max_rejected_rows < 0:
        raise InputError(
            f"max_rejected_rows must be 0 or more, got {max_rejected_rows}; "
            "0 means that one unreadable row stops the load."
        )
    tables = RAW_TABLES_BY_SOURCE[source]
    sources = _find_files(folder, tables)
    for item in sources:
        item.sha256 = _sha256(item.path)

    loads: list[TableLoad] = []
    with _transaction(connection):
        _create_log_tables(connection)
        rejected_so_far = 0
        for item in sources:
            former = _former_load(connection, item, max_rejected_rows)
            if former is not None:
                progress(f"{item.path.name}: unchanged")
                rejected_so_far += former.rejected_row_count
                loads.append(former)
                continue
            row_count = _load_one(connection, item)
            rejected_so_far += len(item.rejects)
            if rejected_so_far > max_rejected_rows:
                raise InputError(_too_many_rejects(item, rejected_so_far, max_rejected_rows))
            if row_count == 0:
                raise InputError(
                    f"{item.path.name}: expected at least one row below the header, found none; "
                    "export the file again, it may have been cut off."
                )
            load = TableLoad(
                table_name=item.table.name,
                file_name=item.path.name,
                byte_count=item.path.stat().st_size,
                row_count=row_count,
                rejected_row_count=len(item.rejects),
                ignored_columns=item.ignored_columns,
                is_new=True,
            )
            _log_load(connection, item, load)
            loads.append(load)
            said = f"{item.path.name}: {row_count:,} rows"
            if item.ignored_columns:
                said += f", kept out the columns {', '.join(item.ignored_columns)}"
            if item.rejects:
                said += f", rejected {len(item.rejects):,}"
            progress(said)
    return loads


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _find_files(folder: Path, tables: Sequence[RawTable]) -> list[_Source]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise InputError(
            f"expected a folder with {len(tables)} raw files, but {folder} {what}; set "
            "REGULARS_DATA_DIR to the folder of your files, or unset it to use the demo shop."
        )
    found = []
    for table in tables:
        paths = [
            path
            for suffix in FILE_SUFFIXES
            if (path := folder / (table.file_stem + suffix)).exists()
        ]
        if not paths:
            present = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise InputError(
                f"{table.file_stem}.csv is missing from {folder} (.csv.gz and .parquet would do "
                f"too); the folder holds: {present}. Add the file and load again."
            )
        if len(paths) > 1:
            raise InputError(
                f"{' and '.join(path.name for path in paths)} both hold {table.name}; "
                "keep the one that is right and move the other away."
            )
        suffix = next(suffix for suffix in FILE_SUFFIXES if paths[0].name.endswith(suffix))
        header = _read_header(paths[0], suffix)
        _check_header(paths[0].name, table, header)
        found.append(_Source(table=table, path=paths[0], suffix=suffix, header=header))
    return found


def _open_binary(path: Path, suffix: str) -> IO[bytes]:
    return gzip.open(path) if suffix == ".csv.gz" else path.open("rb")  # type: ignore[return-value]


def _read_header(path: Path, suffix: str) -> list[str]:
    if path.stat().st_size == 0:
        raise InputError(
            f"{path.name} is empty (0 bytes); expected a header line and rows. Export it again."
        )
    if suffix == ".parquet":
        try:
            described = duckdb.connect().execute(
                "select name from parquet_schema(?) where num_children is null or num_children = 0",
                [str(path)],
            )
            return [name for (name,) in described.fetchall()]
        except duckdb.Error as error:
            raise InputError(
                f"{path.name} cannot be read as Parquet: {_first_line(error)}. Export it again."
            ) from error
    try:
        with _open_binary(path, suffix) as stream:
            line = stream.readline(MAX_LINE_BYTES)
    except (OSError, EOFError) as error:
        raise InputError(f"{path.name} cannot be unpacked: {error}. Compress it again.") from error
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, line 1: expected UTF-8, but byte {error.start + 1} is "
            f"0x{line[error.start]:02x}; save the file as UTF-8."
        ) from error
    return next(csv.reader([text.rstrip("\r\n")]), [])


def _check_header(file_name: str, table: RawTable, header: Sequence[str]) -> None:
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{file_name}, line 1: the column {repeated[0]!r} stands there more than once; "
            "keep one of them."
        )
    missing = [name for name in table.columns if name not in header]
    if not missing:
        return
    unknown = [name for name in header if name not in table.columns]
    hints = []
    for name in missing:
        close = difflib.get_close_matches(name, unknown, n=1, cutoff=0.6)
        hints.append(f"{name!r}" + (f" (is it {close[0]!r}? then rename that)" if close else ""))
    raise InputError(
        f"{file_name}, line 1: the column {', '.join(hints)} is missing; expected "
        f"{', '.join(table.columns)}, found {', '.join(header) or 'no columns'}."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _create_log_tables(connection: duckdb.DuckDBPyConnection) -> None:
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
    return ", ".join(f"{name} {sql_type}" for name, sql_type in table.columns.items())


def _former_load(
    connection: duckdb.DuckDBPyConnection, item: _Source, max_rejected_rows: int
) -> TableLoad | None:
    """The last load of this table, if it was of these very bytes and is still acceptable."""
    row = connection.execute(
        """
        select sha256, table_definition, byte_count, row_count, rejected_row_count
        from raw.load_log where table_name = ? order by load_id desc limit 1
        """,
        [item.table.name],
    ).fetchone()
    exists = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'raw' and table_name = ?",
        [item.table.name],
    ).fetchone()
    if row is None or exists is None:
        return None
    sha256, definition, byte_count, row_count, rejected_row_count = row
    if sha256 != item.sha256 or definition != _definition(item.table):
        return None
    if rejected_row_count > max_rejected_rows:
        return None
    return TableLoad(
        table_name=item.table.name,
        file_name=item.path.name,
        byte_count=byte_count,
        row_count=row_count,
        rejected_row_count=rejected_row_count,
        ignored_columns=item.ignored_columns,
        is_new=False,
    )


def _load_one(connection: duckdb.DuckDBPyConnection, item: _Source) -> int:
    reader = _load_parquet if item.suffix == ".parquet" else _load_csv
    try:
        reader(connection, item)
    except duckdb.Error as error:
        raise InputError(
            f"{item.path.name} cannot be read: {_first_line(error)}. Export the file again as "
            "UTF-8, comma-separated, with double quotes around text that holds commas or breaks."
        ) from error
    (row_count,) = connection.execute(f"select count(*) from raw.{item.table.name}").fetchone() or (
        0,
    )
    return int(row_count)


def _select_list(table: RawTable) -> str:
    return ", ".join(f'"{name}"' for name in table.columns)


def _load_csv(connection: duckdb.DuckDBPyConnection, item: _Source) -> None:
    columns = {name: item.table.columns.get(name, "VARCHAR") for name in item.header}
    connection.execute("drop table if exists load_rejects")
    connection.execute("drop table if exists load_reject_scans")
    connection.execute(
        f"""
        create or replace table raw.{item.table.name} as
        select {_select_list(item.table)}
        from read_csv(
            ?, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
            encoding = 'utf-8', columns = {columns}, timestampformat = '{TIMESTAMP_FORMAT}',
            max_line_size = {MAX_LINE_BYTES}, null_padding = false, store_rejects = true,
            rejects_table = 'load_rejects', rejects_scan = 'load_reject_scans', rejects_limit = 0
        )
        """,
        [str(item.path)],
    )
    rows = connection.execute(
        """
        select line_byte_position, column_name, error_type, csv_line, error_message
        from load_rejects
        qualify row_number() over (partition by line_byte_position order by column_idx) = 1
        order by line_byte_position
        """
    ).fetchall()
    if rows:
        lines = _line_numbers(item, [int(position) for position, *_ in rows])
        for (_, column, kind, line, message), number in zip(rows, lines, strict=True):
            item.rejects.append(_explain_reject(item, number, column, kind, line, message))


def _line_numbers(item: _Source, byte_positions: Sequence[int]) -> list[int]:
    """Physical line of each byte position (ascending): rows may span lines, so count breaks."""
    numbers, line, offset = [], 1, 0
    with _open_binary(item.path, item.suffix) as stream:
        for position in byte_positions:
            while offset < position - 1:
                chunk = stream.read(min(1 << 20, position - 1 - offset))
                if not chunk:
                    break
                offset += len(chunk)
                line += chunk.count(b"\n")
            numbers.append(line)
    return numbers


def _explain_reject(
    item: _Source, line: int, column: str | None, kind: str, text: str | None, message: str
) -> RejectedRow:
    value: str | None = None
    sql_type = item.table.columns.get(column or "", "VARCHAR")
    if kind == "CAST":
        value = message.partition('convert string "')[2].rpartition('" to ')[0]
        reason = f"{value!r} is no {_plain_type(sql_type)}"
    elif kind == "MISSING COLUMNS":
        reason = f"{message.strip()}; the line may have been cut off"
        column = None
    elif kind == "TOO MANY COLUMNS":
        reason = f"{message.strip()}; a comma may want quotes around its text"
        column = None
    elif kind == "INVALID ENCODING":
        reason = "not UTF-8"
    elif kind == "UNQUOTED VALUE":
        reason = "a quote is opened and never closed; the file may have been cut off"
    else:
        reason = f"{kind.lower()}: {message.strip()}"
    return RejectedRow(item.path.name, line, column, value, reason, text or "")


def _plain_type(sql_type: str) -> str:
    return {
        "TIMESTAMP": "timestamp like 2018-08-29 15:00:37",
        "INTEGER": "whole number",
        "DOUBLE": "number",
        MONEY: "amount like 58.90",
    }.get(sql_type, sql_type)


def _load_parquet(connection: duckdb.DuckDBPyConnection, item: _Source) -> None:
    """Parquet has types of its own: cast each column, and set aside what does not cast."""
    typed = {name: kind for name, kind in item.table.columns.items() if kind != "VARCHAR"}
    casts = ", ".join(
        f'try_cast("{name}" as {kind}) as "{name}"' for name, kind in item.table.columns.items()
    )
    bad = {name: f'"{name}" is not null and try_cast("{name}" as {kind}) is null'
           for name, kind in typed.items()}  # fmt: skip
    any_bad = " or ".join(f"({test})" for test in bad.values()) or "false"
    path = str(item.path)
    connection.execute(
        f"create or replace table raw.{item.table.name} as "
        f"select {casts} from read_parquet(?) where not ({any_bad})",
        [path],
    )
    for name, test in bad.items():
        rows = connection.execute(
            f'select file_row_number + 1, cast("{name}" as varchar) '
            f"from read_parquet(?, file_row_number = true) where {test} order by 1",
            [path],
        ).fetchall()
        known = {reject.line_number for reject in item.rejects}
        item.rejects.extend(
            RejectedRow(item.path.name, int(row), name, value,
                        f"{value!r} is no {_plain_type(typed[name])}", "")
            for row, value in rows
            if int(row) not in known
        )  # fmt: skip


def _too_many_rejects(item: _Source, rejected: int, allowed: int) -> str:
    reject = item.rejects[0] if item.rejects else None
    where = ""
    if reject is not None:
        unit = "row" if item.suffix == ".parquet" else "line"
        column = f", column {reject.column_name}" if reject.column_name else ""
        where = f"{reject.file_name}, {unit} {reject.line_number}{column}: {reject.reason}. "
    return (
        f"{where}{rejected:,} unreadable row{'s' if rejected != 1 else ''} so far, {allowed:,} "
        f"allowed. Mend the file, or set such rows aside in raw.rejected_rows with "
        f"--max-rejected-rows {max(rejected, 1)}."
    )


def _log_load(connection: duckdb.DuckDBPyConnection, item: _Source, load: TableLoad) -> None:
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
            item.sha256,
            load.row_count,
            load.rejected_row_count,
            ", ".join(load.ignored_columns),
            _definition(item.table),
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
        for reject in item.rejects
    ]
    if rows:
        connection.executemany(
            "insert into raw.rejected_rows values (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")

"""What the raw files must look like, and the loader that holds them to it.

Dialect, types and encoding are stated here and never sniffed: in the Olist files quotes first
appear at line 422,498, comments span lines and zip prefixes start with zeros.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import duckdb

from ml.store import count_rows, transaction
from orchestration.errors import InputError
from orchestration.profiles import profile_new_loads

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
# Types that DuckDB casts without a word where it should refuse are read as something wider first:
# 4.6 would become 5, 12.345 would become 12.35, and "018-01-01 0:0:0", a line cut off, the year 18.
# What lies beyond six decimals is noise of binary floats.
WIDE = "DECIMAL(24, 6)"
READ_TYPES = {"INTEGER": WIDE, MONEY: WIDE, "TIMESTAMP": "VARCHAR"}
TIMESTAMP_LENGTH = len("2018-08-29 15:00:37")

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
    stored_types: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    rejects: list[RejectedRow] = field(default_factory=list)

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        return tuple(
            name or f"unnamed column {number}"
            for number, name in enumerate(self.header, 1)
            if name not in self.table.columns
        )


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
    with transaction(connection):
        _create_log_tables(connection)
        rejected_so_far = 0
        for item in sources:
            former = _former_load(connection, item, max_rejected_rows - rejected_so_far)
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
        profile_new_loads(connection)
    return loads


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
        stored_types = _read_parquet_types(paths[0]) if suffix == ".parquet" else {}
        header = list(stored_types) if stored_types else _read_header(paths[0], suffix)
        _check_header(paths[0].name, table, header)
        item = _Source(table, paths[0], suffix, header, stored_types)
        if suffix == ".parquet":
            _check_parquet_types(item)
        found.append(item)
    return found


def _open_binary(path: Path, suffix: str) -> BufferedIOBase:
    return gzip.GzipFile(path) if suffix == ".csv.gz" else path.open("rb")


def _read_header(path: Path, suffix: str) -> list[str]:
    try:
        with _open_binary(path, suffix) as stream:
            line = stream.readline(MAX_LINE_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        what = "unpacked" if suffix == ".csv.gz" else "opened"
        raise InputError(f"{path.name} cannot be {what}: {error}. Export it again.") from error
    if not line:
        raise InputError(
            f"{path.name} is empty (0 bytes); expected a header line and rows. Export it again."
        )
    if b"\0" in line or line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(
            f"{path.name}, line 1: expected UTF-8, but it begins with {line[:4]!r}, which looks "
            "like UTF-16; save the file as UTF-8."
        )
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, line 1: expected UTF-8, but byte {error.start + 1} is "
            f"0x{line[error.start]:02x}; save the file as UTF-8."
        ) from error
    if "\r" in text:
        raise InputError(
            f"{path.name}, line 1: expected lines that end in \\n or \\r\\n, found a bare \\r; "
            "save the file with the line ends of Unix or Windows."
        )
    return next(csv.reader([text]), [])


def _read_parquet_types(path: Path) -> dict[str, str]:
    """Column name to the type that it has in a Parquet file."""
    if path.stat().st_size == 0:
        raise InputError(
            f"{path.name} is empty (0 bytes); expected columns and rows. Export it again."
        )
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select column_name, column_type from (describe from read_parquet(?))", [str(path)]
            ).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet: {_first_line(error)}. Export it again."
        ) from error
    return dict(rows)


def _check_parquet_types(item: _Source) -> None:
    """Refuse types whose cast would change values: 01001 stored as a number has lost its zero."""
    for name, wanted in item.table.columns.items():
        stored = item.stored_types[name]
        if wanted == "VARCHAR" and stored != "VARCHAR" and not stored.startswith("ENUM"):
            with duckdb.connect() as connection:
                first = connection.execute(
                    f'select any_value("{name}") from read_parquet(?)', [str(item.path)]
                ).fetchone()
            if first is None or first[0] is None:
                continue  # nothing but nulls: a writer that saw no text may state any type
            hint = f"expected text, found {stored} such as {first[0]!r}; store it as text"
        elif wanted == "TIMESTAMP" and stored == "TIMESTAMP WITH TIME ZONE":
            hint = f"expected local time, found {stored}; store it without a time zone"
        else:
            continue
        raise InputError(f"{item.path.name}, column {name}: {hint}.")


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
    if len(header) == 1 and (other := next((sign for sign in ";\t|" if sign in header[0]), None)):
        raise InputError(
            f"{file_name}, line 1: expected columns separated by commas, found {header[0]!r}; "
            f"save the file with ',' in place of {other!r}."
        )
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
        """
        select 1 from information_schema.tables
        where table_catalog = current_database() and table_schema = 'raw' and table_name = ?
        """,
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
        how = "Export the file again"
        if item.suffix != ".parquet":
            how += (
                " as UTF-8, comma-separated, with double quotes around text that holds commas or "
                "line breaks, and with the same line ends throughout"
            )
        raise InputError(
            f"{item.path.name}{_first_odd_line(item)} cannot be read: {_first_line(error)}. {how}."
        ) from error
    return count_rows(connection, f"raw.{item.table.name}")


def _cast(column: str, sql_type: str) -> str:
    """SQL that casts a column from the type it is read as."""
    if sql_type == "TIMESTAMP":
        return f"try_strptime(\"{column}\", '{TIMESTAMP_FORMAT}')"
    return f'try_cast("{column}" as {sql_type})'


def _is_bad(column: str, sql_type: str) -> str:
    """SQL that is true where a column, as it is read, would be changed by its cast."""
    cast = _cast(column, sql_type)
    if sql_type == "DOUBLE":
        return f'not isfinite("{column}")'
    if sql_type == "TIMESTAMP":
        wrong_length = f'length("{column}") <> {TIMESTAMP_LENGTH}'
        return f'"{column}" is not null and ({wrong_length} or {cast} is null)'
    return f'"{column}" is not null and {cast} is distinct from "{column}"'


def _load_csv(connection: duckdb.DuckDBPyConnection, item: _Source) -> None:
    wanted_count = _read_through(item)
    # A column that nobody reads may be called anything, so it is numbered here.
    columns = {
        name if kind else f"ignored_{number}": READ_TYPES.get(kind, kind) or "VARCHAR"
        for number, name in enumerate(item.header, 1)
        for kind in [item.table.columns.get(name, "")]
    }
    for name in ("load_rejects", "load_reject_scans", "load_rows"):
        connection.execute(f"drop table if exists temp.{name}")
    # Not in parallel: DuckDB 2.0 then drops rows without a word after a buffer (8 MB) of bad rows,
    # and misplaces bad quotes. One thread reads the published files as fast.
    connection.execute(
        f"""
        create temp table load_rows as
        select {", ".join(f'"{name}"' for name in item.table.columns)}
        from read_csv(
            ?, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
            encoding = 'utf-8', columns = {columns}, max_line_size = {MAX_LINE_BYTES},
            null_padding = false, parallel = false, store_rejects = true,
            rejects_table = 'load_rejects', rejects_scan = 'load_reject_scans', rejects_limit = 0
        )
        """,
        [str(item.path)],
    )
    item.rejects.extend(_unreadable_rows(connection, item))
    if item.rejects or wanted_count != count_rows(connection, "temp.load_rows"):
        item.rejects.extend(_missed_rows(connection, item))
    item.rejects.extend(_rows_with_bad_values(connection, item))
    item.rejects.sort(key=lambda reject: reject.line_number)
    casts = ", ".join(f'{_cast(name, kind)} as "{name}"'
                      for name, kind in item.table.columns.items())  # fmt: skip
    connection.execute(
        f"create or replace table raw.{item.table.name} as select {casts} from temp.load_rows"
    )
    connection.execute("drop table temp.load_rows")


def _read_through(item: _Source) -> int | None:
    """Read a file to its end; its number of rows, or none if commas and quotes do not add up.

    DuckDB compares no checksum of a packed file, passes over a row in which the file ends inside a
    quote, and takes a row with one value too many if the last one is empty. Blank lines do not add
    up either, which is well: then the rows are gone through one by one.
    """
    commas, row_ends, line, is_quoted, last = 0, 0, 0, False, b""
    try:
        with _open_binary(item.path, item.suffix) as stream:
            while chunk := stream.read1(1 << 20):  # unlike read, also what comes before a cut
                parts = chunk.split(b'"')
                commas += sum(part.count(b",") for part in parts[is_quoted::2])
                row_ends += sum(part.count(b"\n") for part in parts[is_quoted::2])
                line += chunk.count(b"\n")
                is_quoted ^= len(parts) % 2 == 0
                last = chunk[-1:]
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{item.path.name} cannot be read beyond line {line}: {error}. The file may have been "
            "cut off; export or copy it again."
        ) from error
    row_ends += last != b"\n"
    adds_up = not is_quoted and commas == row_ends * (len(item.header) - 1)
    return row_ends - 1 if adds_up else None


def _missed_rows(connection: duckdb.DuckDBPyConnection, item: _Source) -> list[RejectedRow]:
    """Find the rows whose structure is wrong though DuckDB set none aside; drop those it took."""
    known = {reject.line_number for reject in item.rejects}
    rejects: list[RejectedRow] = []
    row_ids: list[int] = []
    taken_count = 0
    for line, row, text in _rows_one_by_one(item):
        if line == 1 or line in known or row == []:
            continue
        if isinstance(row, csv.Error):
            reason = _UNCLOSED
        else:
            taken_count += 1
            if len(row) == len(item.header):
                continue
            reason = _wrong_count(len(item.header), len(row))
            row_ids.append(taken_count - 1)
        rejects.append(RejectedRow(item.path.name, line, None, None, reason, text.rstrip("\r\n")))
    if taken_count != count_rows(connection, "temp.load_rows"):
        faults = sorted([*item.rejects, *rejects], key=lambda reject: reject.line_number)
        where = f", line {faults[0].line_number}: {faults[0].reason}" if faults else ""
        raise InputError(
            f"{item.path.name}{where}; where the rows after it begin cannot be told, so none can "
            "be set aside. Mend the file, or export it again."
        )
    connection.execute(
        """
        delete from temp.load_rows
        where list_contains(?::bigint[], rowid - (select min(rowid) from temp.load_rows))
        """,
        [row_ids],
    )
    return rejects


def _unreadable_rows(connection: duckdb.DuckDBPyConnection, item: _Source) -> Iterator[RejectedRow]:
    """The rows that DuckDB set aside; of several faults in a row, the one that explains most."""
    rows = connection.execute(
        """
        select line_byte_position, column_name, error_type, csv_line, error_message
        from temp.load_rejects
        qualify row_number() over (
            partition by line_byte_position
            order by
                error_type <> 'UNQUOTED VALUE', error_type = 'CAST', error_type,
                -- one entry per value: of too many the last, of missing ones the first
                if(error_type = 'TOO MANY COLUMNS', -1, 1)
                * try_cast(regexp_extract(error_message, 'Found: ([0-9]+)', 1) as integer),
                column_idx
        ) = 1
        order by line_byte_position
        """
    ).fetchall()
    places = _places(item, [(int(position), text or "") for position, _, _, text, _ in rows])
    for (_, column, kind, _, message), (line, raw) in zip(rows, places, strict=True):
        yield _explain_reject(item, line, column, kind, raw, message)


def _places(item: _Source, rows: Sequence[tuple[int, str]]) -> Iterator[tuple[int, bytes]]:
    r"""Physical line and bytes of each row, given its byte position (ascending) and its text.

    A row may span lines, so the line breaks before it are counted. Where lines end in \r\n DuckDB
    has the row begin at the \n of the line before.
    """
    line, offset = 1, 0
    with _open_binary(item.path, item.suffix) as stream:
        for number, (position, text) in enumerate(rows):
            while offset < position - 1 and (
                chunk := stream.read(min(1 << 20, position - 1 - offset))
            ):
                offset += len(chunk)
                line += chunk.count(b"\n")
            next_position = rows[number + 1][0] if number + 1 < len(rows) else position + (1 << 22)
            raw = stream.read(min(len(text.encode()), next_position - position))
            leading = len(raw) - len(raw.lstrip(b"\r\n"))
            yield line + raw[:leading].count(b"\n"), raw[leading:]
            offset += len(raw)
            line += raw.count(b"\n")


_UNCLOSED = (
    "a quote is opened and never closed, or text follows a closing quote; the file may have been "
    "cut off"
)


def _explain_reject(
    item: _Source, line: int, column: str | None, kind: str, raw: bytes, message: str
) -> RejectedRow:
    value: str | None = None
    sql_type = item.table.columns.get(column or "", "VARCHAR")
    if kind == "CAST":
        value = message.partition('convert string "')[2].rpartition('" to ')[0]
        reason = f"{value!r} is no {_plain_type(sql_type)}"
    elif kind in {"MISSING COLUMNS", "TOO MANY COLUMNS"}:
        reason = _wrong_count(*(int(number) for number in re.findall(r"\d+", message)[:2]))
        column = None
    elif kind == "INVALID ENCODING":
        value = _first_undecodable(raw)
        reason = f"'{value}' is not UTF-8; save the file as UTF-8"
    elif kind == "UNQUOTED VALUE":
        reason = _UNCLOSED
    elif kind == "LINE SIZE OVER MAXIMUM":
        reason = f"longer than {MAX_LINE_BYTES:,} bytes; a quote may be opened and never closed"
        column = None
    else:
        reason = f"{kind.lower()}: {message.strip()}"
    text = raw.decode(errors="backslashreplace").rstrip("\r\n")
    return RejectedRow(item.path.name, line, column, value, reason, text)


def _wrong_count(wanted: int, found: int) -> str:
    hint = "the line may have been cut off"
    if found > wanted:
        hint = "a comma may want quotes around its text"
    return f"expected {wanted} values, found {found}; {hint}"


def _first_undecodable(raw: bytes) -> str | None:
    r"""The first value with a byte that is not UTF-8, that byte written like ``\xe3``."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        before = re.split(rb'[,"\r\n]', raw[: error.start])[-1]
        after = re.split(rb'[,"\r\n]', raw[error.start :])[0]
        return (before + after).decode(errors="backslashreplace")
    return None


def _rows_with_bad_values(
    connection: duckdb.DuckDBPyConnection, item: _Source
) -> list[RejectedRow]:
    """Take the rows with a value that its type cannot hold out of ``load_rows``, and find them."""
    bad: dict[str, set[Any]] = {}
    for name, kind in item.table.columns.items():
        if kind != "VARCHAR":
            key = f'cast("{name}" as varchar)' if kind == "DOUBLE" else f'"{name}"'
            found = connection.execute(
                f"select distinct {key} from temp.load_rows where {_is_bad(name, kind)}"
            ).fetchall()
            if found:
                bad[name] = {value for (value,) in found}
    if not bad:
        return []
    test = " or ".join(f"({_is_bad(name, item.table.columns[name])})" for name in bad)
    (count,) = connection.execute(f"delete from temp.load_rows where {test}").fetchone() or (0,)
    known = {reject.line_number for reject in item.rejects}
    rejects = [reject for reject in _find_values(item, bad) if reject.line_number not in known]
    if len(rejects) != count:
        name, values = next(iter(bad.items()))
        raise InputError(
            f"{item.path.name}, column {name}: '{next(iter(values))}' is no "
            f"{_plain_type(item.table.columns[name])}; its line cannot be told while the file has "
            "other faults. Mend those first."
        )
    return rejects


def _find_values(item: _Source, wanted: dict[str, set[Any]]) -> Iterator[RejectedRow]:
    """The rows that hold one of the values, as they were read from the columns named."""
    places = {name: item.header.index(name) for name in wanted}
    for line, row, text in _rows_one_by_one(item):
        if isinstance(row, csv.Error) or len(row) != len(item.header):
            continue
        for name, place in places.items():
            kind = item.table.columns[name]
            if _as_read(row[place], kind) in wanted[name]:
                reason = f"{row[place]!r} is no {_plain_type(kind)}"
                yield RejectedRow(
                    item.path.name, line, name, row[place], reason, text.rstrip("\r\n")
                )
                break


def _as_read(text: str, sql_type: str) -> Decimal | str | None:
    """A value as DuckDB has read it, to be told from others."""
    try:
        if sql_type == "DOUBLE":
            return str(float(text))
        if READ_TYPES[sql_type] == WIDE:
            return Decimal(text).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    except (ValueError, InvalidOperation):
        return None
    return text


def _first_odd_line(item: _Source) -> str:
    """Where the first row stands that ends unlike the header, if DuckDB gave up for that."""
    if item.suffix == ".parquet":
        return ""
    header_end = ""
    for line, _, text in _rows_one_by_one(item):
        end = "\\r\\n" if text.endswith("\r\n") else "\\n"
        header_end = header_end or end
        if text.endswith("\n") and end != header_end:
            return f", line {line}: the row ends in {end}, but the header in {header_end}; the file"
    return ""


def _rows_one_by_one(item: _Source) -> Iterator[tuple[int, list[str] | csv.Error, str]]:
    """First line, values (or what is wrong) and text of each row; slow, so only after a fault."""
    next_line = 1
    read: list[str] = []

    def lines(stream: BufferedIOBase) -> Iterator[str]:
        for raw in stream:  # broken at \n alone, as the lines are counted
            read.append(raw.decode(errors="replace"))
            yield read[-1]

    with _open_binary(item.path, item.suffix) as stream:
        reader = csv.reader(lines(stream), strict=True)
        while True:
            row: list[str] | csv.Error
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                row = error
            first_line, next_line = next_line, next_line + len(read)
            text = "".join(read)
            read.clear()
            yield first_line, row, text


def _plain_type(sql_type: str) -> str:
    return {
        "TIMESTAMP": "timestamp like 2018-08-29 15:00:37",
        "INTEGER": "whole number",
        "DOUBLE": "number",
        MONEY: "amount like 58.90",
    }.get(sql_type, sql_type)


def _read_parquet_column(name: str, wanted: str, stored: str) -> str:
    """SQL of a Parquet column in the type that the same column of a CSV file is read as."""
    text = f"nullif(cast(\"{name}\" as varchar), '')"
    if wanted == "VARCHAR" or (wanted == "TIMESTAMP" and stored == "VARCHAR"):
        return text
    if wanted == "TIMESTAMP":
        return f'cast(try_cast("{name}" as TIMESTAMP) as varchar)'
    # By way of text: a 32-bit 58.9 is 58.900002 when it is cast at once.
    return f"try_cast({text} as {READ_TYPES.get(wanted, wanted)})"


def _load_parquet(connection: duckdb.DuckDBPyConnection, item: _Source) -> None:
    """Parquet has types of its own: cast each column, and set aside what does not cast."""
    columns = item.table.columns
    read = ", ".join(
        f'{_read_parquet_column(name, kind, item.stored_types[name])} as "{name}", '
        f'nullif(cast("{name}" as varchar), \'\') as "{name} as stored"'
        for name, kind in columns.items()
    )
    source = f"(select {read}, file_row_number from read_parquet(?, file_row_number = true))"
    bad = {
        name: f"coalesce({_is_bad(name, kind)}, false) "
        f'or ("{name} as stored" is not null and "{name}" is null)'
        for name, kind in columns.items()
        if kind != "VARCHAR"
    }
    any_bad = " or ".join(f"({test})" for test in bad.values()) or "false"
    casts = ", ".join(f'{_cast(name, kind)} as "{name}"' for name, kind in columns.items())
    connection.execute(
        f"create or replace table raw.{item.table.name} as "
        f"select {casts} from {source} where not ({any_bad})",
        [str(item.path)],
    )
    known: set[int] = set()
    for name, test in bad.items():
        rows = connection.execute(
            f'select file_row_number + 1, "{name} as stored" from {source} where {test} order by 1',
            [str(item.path)],
        ).fetchall()
        reason = f"is no {_plain_type(columns[name])}"
        for row, value in rows:
            if row not in known:
                item.rejects.append(
                    RejectedRow(item.path.name, row, name, value, f"{value!r} {reason}", "")
                )
                known.add(row)
    item.rejects.sort(key=lambda reject: reject.line_number)


def _too_many_rejects(item: _Source, rejected: int, allowed: int) -> str:
    reject = item.rejects[0] if item.rejects else None
    where = ""
    if reject is not None:
        unit = "row" if item.suffix == ".parquet" else "line"
        column = f", column {reject.column_name}" if reject.column_name else ""
        where = f"{reject.file_name}, {unit} {reject.line_number}{column}: {reject.reason}. "
        if reject.rejected_value is None and reject.raw_line:
            where += f"The {unit} begins {reject.raw_line[:60]!r}. "
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

"""The raw files are loaded as they are, all or none, and a bad one is named to the line."""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_files import STEMS

from orchestration.errors import InputError
from orchestration.loading.load import load_raw_files
from orchestration.loading.log import TableLoad
from orchestration.loading.tables import RawTable, source_tables

TABLES = {table: f"{stem}.csv" for table, stem in STEMS.items()}
CUSTOMERS = TABLES["customers"]
GEOLOCATION = TABLES["geolocation"]
ITEMS = TABLES["order_items"]
ORDERS = TABLES["orders"]
PAYMENTS = TABLES["order_payments"]
PRODUCTS = TABLES["products"]
REVIEWS = TABLES["order_reviews"]
SELLERS = TABLES["sellers"]
TRANSLATION = TABLES["product_category_name_translation"]
ORDER_COUNT = 300
Rows = list[list[str]]
Refuse = Callable[..., str]


def state(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table in schema raw, the log among them."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' and not internal"
    ).fetchall()
    return {name: rows_of(connection, name) for (name,) in tables}


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"select * from raw.{table} order by all").fetchall()


def log_count(connection: duckdb.DuckDBPyConnection) -> int:
    ((count,),) = connection.execute("select count(*) from raw.load_log").fetchall()
    return int(count)


@pytest.fixture
def refuse(warehouse: duckdb.DuckDBPyConnection, folder: Path) -> Refuse:
    """Load the spoilt files, see them refused with the last good load untouched; the message."""

    def load(at: Path = folder, **options: Any) -> str:
        before = state(warehouse)
        logs = {"load_log", "rejected_rows", "column_profiles", "input_findings"}
        assert set(before) == {*TABLES, *logs}
        with pytest.raises(InputError) as caught:
            load_raw_files(warehouse, at, **options)
        assert state(warehouse) == before
        return str(caught.value)

    return load


def read_rows(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream, strict=True))


def write_rows(path: Path, rows: Rows, end: str = "\n") -> list[int]:
    """Write a CSV file; the physical line on which each row begins."""
    texts = []
    for row in rows:
        text = io.StringIO()
        csv.writer(text, lineterminator=end).writerow(row)
        texts.append(text.getvalue())
    path.write_bytes("".join(texts).encode())
    lines, line = [], 1
    for text in texts:
        lines.append(line)
        line += text.count("\n")
    return lines


def put(path: Path, value: str, column: str, row: int = 6, end: str = "\n") -> int:
    """Put a value into a column of a row (the header is row 0); the line of that row."""
    rows = read_rows(path)
    rows[row][rows[0].index(column)] = value
    return write_rows(path, rows, end)[row]


def assert_names(message: str, *parts: str) -> None:
    for part in parts:
        assert part in message, f"{part!r} is not in {message!r}"


def by_table(loads: Sequence[TableLoad]) -> dict[str, TableLoad]:
    return {load.table_name: load for load in loads}


# Good files


def test_the_nine_tables_hold_what_the_files_hold(warehouse, good_files):
    for table, file_name in TABLES.items():
        header, *expected = read_rows(good_files / file_name)
        columns = [name for name, *_ in warehouse.execute(f"describe raw.{table}").fetchall()]
        assert columns == header
        texts = ", ".join(f"cast({name} as varchar)" for name in columns)
        rows = warehouse.execute(f"select {texts} from raw.{table}").fetchall()
        kinds = [kind for _, kind, *_ in warehouse.execute(f"describe raw.{table}").fetchall()]
        assert len(rows) == len(expected)
        for row, expected_row in zip(rows, expected, strict=True):
            for value, text, kind in zip(row, expected_row, kinds, strict=True):
                if value is not None and kind in {"DOUBLE", "DECIMAL(18,2)"}:
                    assert float(value) == float(text)
                else:
                    assert (value or "") == text


def test_columns_have_the_types_that_the_models_expect(warehouse):
    def types(table: str) -> dict[str, str]:
        described = warehouse.execute(f"describe raw.{table}").fetchall()
        return {name: kind for name, kind, *_ in described}

    assert types("customers")["customer_zip_code_prefix"] == "VARCHAR"
    assert types("geolocation")["geolocation_lat"] == "DOUBLE"
    assert types("order_items")["price"] == "DECIMAL(18,2)"
    assert types("order_items")["shipping_limit_date"] == "TIMESTAMP"
    assert types("order_payments")["payment_value"] == "DECIMAL(18,2)"
    assert types("order_reviews")["review_score"] == "INTEGER"
    assert types("orders")["order_purchase_timestamp"] == "TIMESTAMP"
    assert types("products")["product_name_lenght"] == "INTEGER"


def test_every_table_is_told_of_in_the_result_in_the_log_and_in_progress(good_files):
    messages: list[str] = []
    connection = duckdb.connect()
    loads = load_raw_files(connection, good_files, progress=messages.append)
    assert [load.table_name for load in loads] == list(TABLES)
    for load, sentence in zip(loads, messages, strict=True):
        path = good_files / TABLES[load.table_name]
        row_count = len(read_rows(path)) - 1
        expected = (load.table_name, path.name, path.stat().st_size, row_count, 0, (), True)
        assert load == TableLoad(*expected)
        assert sentence == f"{path.name}: {row_count:,} rows"
    log = connection.execute(
        """
        select load_id, table_name, file_name, byte_count, row_count, rejected_row_count,
            ignored_columns
        from raw.load_log order by load_id
        """
    ).fetchall()
    assert log == [
        (number, load.table_name, load.file_name, load.byte_count, load.row_count, 0, "")
        for number, load in enumerate(loads, 1)
    ]


def test_zip_prefixes_keep_their_leading_zeros(warehouse, good_files):
    expected = sorted(row[0] for row in read_rows(good_files / GEOLOCATION)[1:])
    assert expected[0].startswith("0")
    rows = warehouse.execute(
        "select geolocation_zip_code_prefix from raw.geolocation order by all"
    ).fetchall()
    assert [prefix for (prefix,) in rows] == expected


def test_comments_that_span_lines_and_quotes_within_them_are_kept_whole(warehouse, good_files):
    header, *rows = read_rows(good_files / REVIEWS)
    expected = {row[header.index("review_comment_message")] for row in rows} - {""}
    assert any("\n" in text for text in expected)
    assert any("\r\n" in text for text in expected)
    assert any('"' in text for text in expected)
    comments = warehouse.execute(
        "select distinct review_comment_message from raw.order_reviews"
    ).fetchall()
    assert {text for (text,) in comments if text is not None} == expected


def test_the_byte_order_mark_of_the_translation_file_is_no_part_of_its_first_column(
    warehouse, good_files
):
    content = (good_files / TRANSLATION).read_bytes()
    assert content.startswith(b"\xef\xbb\xbfproduct_category_name,")
    rows = rows_of(warehouse, "product_category_name_translation")
    assert ("esportes", "sports") in rows
    assert len(rows) == content.count(b"\n")  # its last line has no end


def test_columns_may_stand_in_another_order(warehouse, folder):
    before = rows_of(warehouse, "orders")
    write_rows(folder / ORDERS, [row[::-1] for row in read_rows(folder / ORDERS)])
    assert by_table(load_raw_files(warehouse, folder))["orders"].is_new
    assert rows_of(warehouse, "orders") == before


@pytest.mark.parametrize(("end", "last_end"), [("\n", False), ("\r\n", True), ("\r\n", False)])
def test_lines_may_end_as_on_unix_or_on_windows(warehouse, folder, end, last_end):
    before = rows_of(warehouse, "order_reviews")
    write_rows(folder / REVIEWS, read_rows(folder / REVIEWS), end)
    if not last_end:
        content = (folder / REVIEWS).read_bytes()
        (folder / REVIEWS).write_bytes(content.removesuffix(end.encode()))
    assert by_table(load_raw_files(warehouse, folder))["order_reviews"].is_new
    assert rows_of(warehouse, "order_reviews") == before


def test_blank_lines_are_passed_over(warehouse, folder):
    before = rows_of(warehouse, "orders")
    lines = (folder / ORDERS).read_bytes().split(b"\n")
    (folder / ORDERS).write_bytes(b"\n".join([*lines[:5], b"", *lines[5:], b"", b""]))
    load = by_table(load_raw_files(warehouse, folder))["orders"]
    assert (load.is_new, load.rejected_row_count) == (True, 0)
    assert rows_of(warehouse, "orders") == before


def test_whole_numbers_with_a_decimal_point_are_whole_numbers(warehouse, folder):
    # As pandas writes a column of whole numbers that has gaps.
    before = rows_of(warehouse, "products")
    header, *rows = read_rows(folder / PRODUCTS)
    for row in rows:
        row[2:] = [value and f"{value}.0" for value in row[2:]]
    write_rows(folder / PRODUCTS, [header, *rows])
    load_raw_files(warehouse, folder)
    assert rows_of(warehouse, "products") == before


def test_the_last_digits_of_binary_floats_are_no_part_of_an_amount(warehouse, folder):
    put(folder / PAYMENTS, "58.900000000000006", "payment_value")
    load_raw_files(warehouse, folder)
    result = warehouse.execute(
        "select count(*) from raw.order_payments where payment_value = 58.90"
    )
    assert result.fetchall() == [(1,)]


def test_a_folder_may_have_signs_in_its_name_that_stand_for_others_in_patterns(folder):
    odd = folder.rename(folder.with_name("shop [2018]* 'a' é"))
    connection = duckdb.connect()
    assert len(load_raw_files(connection, odd)) == 9


# Packed files and Parquet


def test_packed_files_give_the_same_tables(warehouse, folder):
    before = {table: rows_of(warehouse, table) for table in TABLES}
    for file_name in TABLES.values():
        path = folder / file_name
        (folder / f"{file_name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    loads = load_raw_files(warehouse, folder)
    assert [load.file_name for load in loads] == [f"{name}.gz" for name in TABLES.values()]
    assert all(load.is_new for load in loads)
    assert {table: rows_of(warehouse, table) for table in TABLES} == before


def to_parquet(folder: Path, file_name: str, columns: str) -> Path:
    """Replace a CSV file by a Parquet file of its text columns, each as the SQL says."""
    header, *rows = read_rows(folder / file_name)
    values = [[value or None for value in column] for column in zip(*rows, strict=True)]
    texts = pa.table(values, names=header)
    path = (folder / file_name).with_suffix(".parquet")
    with duckdb.connect() as connection:
        connection.register("texts", texts)
        connection.execute(f"copy (select {columns} from texts) to '{path}' (format parquet)")
    (folder / file_name).unlink()
    return path


TYPED = {
    ITEMS: "* replace (order_item_id::bigint as order_item_id, price::double as price, "
    "shipping_limit_date::timestamp as shipping_limit_date, freight_value::float as freight_value)",
    ORDERS: "* replace (order_purchase_timestamp::timestamp as order_purchase_timestamp, "
    "order_approved_at::timestamp_ns as order_approved_at, "
    "order_delivered_carrier_date::timestamp_s as order_delivered_carrier_date, "
    "order_estimated_delivery_date::date as order_estimated_delivery_date)",
    PRODUCTS: "* replace (product_weight_g::double as product_weight_g, "
    "product_photos_qty::smallint as product_photos_qty)",
    GEOLOCATION: "* replace (geolocation_lat::double as geolocation_lat)",
    PAYMENTS: "* replace (payment_value::decimal(10, 2) as payment_value, "
    "payment_installments::utinyint as payment_installments)",
}


@pytest.mark.parametrize("as_text", [True, False])
def test_parquet_files_give_the_same_tables(warehouse, folder, as_text):
    before = {table: rows_of(warehouse, table) for table in TABLES}
    for file_name in TABLES.values():
        to_parquet(folder, file_name, "*" if as_text else TYPED.get(file_name, "*"))
    loads = load_raw_files(warehouse, folder)
    assert all(load.is_new for load in loads)
    assert {load.file_name.rpartition(".")[2] for load in loads} == {"parquet"}
    assert {table: rows_of(warehouse, table) for table in TABLES} == before


def test_an_empty_text_in_parquet_is_nothing_as_in_csv(warehouse, folder):
    before = rows_of(warehouse, "order_reviews")
    header = read_rows(folder / REVIEWS)[0]
    to_parquet(folder, REVIEWS, ", ".join(f"coalesce({name}, '') as {name}" for name in header))
    load_raw_files(warehouse, folder)
    assert rows_of(warehouse, "order_reviews") == before


@pytest.mark.parametrize(
    ("value", "column", "stored", "plain"),
    [
        ("cinco", "payment_installments", "varchar", "whole number"),
        ("1.5", "payment_installments", "double", "whole number"),
        ("99999999999", "payment_installments", "bigint", "whole number"),
        ("R$ 5", "payment_value", "varchar", "amount like 58.90"),
        ("12.345", "payment_value", "double", "amount like 58.90"),
        ("nan", "payment_value", "double", "amount like 58.90"),
    ],
)
def test_a_bad_value_in_parquet_is_named_with_its_row(
    warehouse, folder, refuse, value, column, stored, plain
):
    put(folder / PAYMENTS, value, column, row=6)
    path = to_parquet(folder, PAYMENTS, f"* replace ({column}::{stored} as {column})")
    message = refuse()
    assert_names(message, path.name, "row 6", f"column {column}", value, plain)
    assert_names(message, "Mend the file", "--max-rejected-rows 1")
    load_raw_files(warehouse, folder, max_rejected_rows=1)
    rejected = warehouse.execute(
        "select file_name, line_number, column_name, rejected_value from raw.rejected_rows"
    ).fetchall()
    assert rejected == [(path.name, 6, column, value)]


@pytest.mark.parametrize("value", ["2018-02-30 00:00:00", "2018-02-03", "yesterday"])
def test_a_bad_timestamp_in_parquet_is_named_with_its_row(folder, refuse, value):
    put(folder / ORDERS, value, "order_approved_at", row=9)
    path = to_parquet(folder, ORDERS, "*")
    assert_names(refuse(), path.name, "row 9", "column order_approved_at", repr(value), "timestamp")


def test_the_first_bad_row_of_a_parquet_file_is_named_whatever_its_column(folder, refuse):
    put(folder / PAYMENTS, "cinco", "payment_installments", row=8)
    put(folder / PAYMENTS, "muito", "payment_value", row=4)
    to_parquet(folder, PAYMENTS, "*")
    assert_names(refuse(), "row 4, column payment_value", "'muito'", "2 unreadable rows")


def test_zip_prefixes_stored_as_numbers_in_parquet_are_refused(folder, refuse):
    # 01001 has become 1001, and nothing tells it from a prefix of four digits.
    path = to_parquet(
        folder,
        CUSTOMERS,
        "* replace (customer_zip_code_prefix::integer as customer_zip_code_prefix)",
    )
    message = refuse()
    assert_names(message, path.name, "column customer_zip_code_prefix", "INTEGER")
    assert_names(message, "store it as text")


def test_a_parquet_column_of_nothing_may_have_any_type(warehouse, folder):
    to_parquet(folder, REVIEWS, "* replace (null::integer as review_comment_title)")
    load_raw_files(warehouse, folder)
    result = warehouse.execute("select count(review_comment_title) from raw.order_reviews")
    assert result.fetchall() == [(0,)]


def test_timestamps_with_a_time_zone_in_parquet_are_refused(folder, refuse):
    path = to_parquet(
        folder,
        ORDERS,
        "* replace (cast(order_approved_at || '+00' as timestamptz) as order_approved_at)",
    )
    message = refuse()
    assert_names(message, path.name, "column order_approved_at", "TIME ZONE", "without a time zone")


def test_a_column_that_a_parquet_file_lacks_is_named(folder, refuse):
    path = to_parquet(folder, SELLERS, "* rename (seller_city as city_of_seller)")
    assert_names(refuse(), path.name, "'seller_city'", "city_of_seller")


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", None])
def test_a_parquet_file_that_is_empty_or_cut_off_is_refused(folder, refuse, content):
    path = to_parquet(folder, SELLERS, "*")
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    assert_names(refuse(), path.name, "Export it again")


# The folder


def test_a_folder_that_does_not_exist_is_named(refuse, tmp_path):
    message = refuse(tmp_path / "nowhere")
    assert_names(message, str(tmp_path / "nowhere"), "does not exist", "REGULARS_DATA_DIR")


def test_a_file_in_place_of_the_folder_is_named(refuse, tmp_path):
    (tmp_path / "data.zip").write_text("")
    message = refuse(tmp_path / "data.zip")
    assert_names(message, str(tmp_path / "data.zip"), "is a file", "REGULARS_DATA_DIR")


@pytest.mark.parametrize("file_name", TABLES.values())
def test_a_missing_file_is_named_with_what_the_folder_holds(folder, refuse, file_name):
    (folder / file_name).rename(folder / f"old-{file_name}")
    assert_names(refuse(), f"{file_name} is missing", f"old-{file_name}", "Add the file")


@pytest.mark.parametrize("suffix", [".parquet", ".csv.gz"])
def test_two_files_for_one_table_are_named(folder, refuse, suffix):
    other = f"{SELLERS.removesuffix('.csv')}{suffix}"
    (folder / other).write_bytes(b"any")
    assert_names(refuse(), SELLERS, other, "sellers", "move the other away")


def test_a_folder_in_place_of_a_file_is_named(folder, refuse):
    (folder / SELLERS).unlink()
    (folder / SELLERS).mkdir()
    assert_names(refuse(), SELLERS, "cannot be opened")


def test_a_negative_number_of_rejected_rows_is_refused(refuse):
    assert_names(refuse(max_rejected_rows=-2), "max_rejected_rows", "0 or more", "-2")


# The header


@pytest.mark.parametrize("file_name", TABLES.values())
def test_a_missing_column_is_named(folder, refuse, file_name):
    header, *rows = read_rows(folder / file_name)
    write_rows(folder / file_name, [header[:-1], *(row[:-1] for row in rows)])
    message = refuse()
    assert_names(message, file_name, "line 1", repr(header[-1]), "is missing", "expected", "found")


@pytest.mark.parametrize(
    ("file_name", "column", "renamed"),
    [
        (PRODUCTS, "product_name_lenght", "product_name_length"),
        (ORDERS, "order_purchase_timestamp", "Order_Purchase_Timestamp"),
        (PAYMENTS, "payment_value", " payment_value"),
    ],
)
def test_a_renamed_column_is_named_with_its_close_match(folder, refuse, file_name, column, renamed):
    rows = read_rows(folder / file_name)
    rows[0][rows[0].index(column)] = renamed
    write_rows(folder / file_name, rows)
    message = refuse()
    assert_names(message, file_name, "line 1", repr(column), f"is it {renamed!r}? then rename that")


def test_a_column_that_is_nothing_like_a_missing_one_is_no_hint(folder, refuse):
    rows = read_rows(folder / SELLERS)
    rows[0][rows[0].index("seller_state")] = "xyz"
    write_rows(folder / SELLERS, rows)
    message = refuse()
    assert_names(message, SELLERS, "'seller_state' is missing", "xyz")
    assert "rename" not in message


def test_a_column_that_stands_there_twice_is_named(folder, refuse):
    rows = read_rows(folder / SELLERS)
    write_rows(folder / SELLERS, [[*row, row[0]] for row in rows])
    assert_names(refuse(), SELLERS, "line 1", "'seller_id'", "more than once", "keep one")


# "" is how pandas names its index; the others must not trip the SQL that reads the file.
@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("loyalty_points", "loyalty_points"),
        ("", "unnamed column 2"),
        ("ORDER_ID", "ORDER_ID"),
        ('it\'s "quoted"', 'it\'s "quoted"'),
        ("preço, líquido", "preço, líquido"),
    ],
)
def test_an_extra_column_is_kept_out_and_said(warehouse, folder, column, shown):
    before = rows_of(warehouse, "order_payments")
    header, *rows = read_rows(folder / PAYMENTS)
    spoilt = [[header[0], column, *header[1:]], *([row[0], "x,\ny", *row[1:]] for row in rows)]
    write_rows(folder / PAYMENTS, spoilt)
    messages: list[str] = []
    load = by_table(load_raw_files(warehouse, folder, progress=messages.append))["order_payments"]
    assert rows_of(warehouse, "order_payments") == before
    assert load.ignored_columns == (shown,)
    assert [text for text in messages if text.endswith(f"kept out the columns {shown}")] != []
    logged = warehouse.execute(
        "select ignored_columns from raw.load_log where file_name = ? order by load_id", [PAYMENTS]
    ).fetchall()
    assert logged == [("",), (shown,)]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_than_a_comma_is_named(folder, refuse, separator):
    content = (folder / SELLERS).read_bytes()
    (folder / SELLERS).write_bytes(content.replace(b",", separator.encode()))
    assert_names(refuse(), SELLERS, "line 1", "separated by commas", repr(separator))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_utf_16_file_is_named_as_such(folder, refuse, encoding):
    content = (folder / SELLERS).read_text(encoding="utf-8")
    (folder / SELLERS).write_bytes(content.encode(encoding))
    assert_names(refuse(), SELLERS, "line 1", "UTF-16", "save the file as UTF-8")


def test_a_header_that_is_not_utf_8_is_named_with_its_byte(folder, refuse):
    content = (folder / SELLERS).read_bytes()
    (folder / SELLERS).write_bytes(b"pre\xe7o," + content)
    assert_names(refuse(), SELLERS, "line 1", "byte 4", "0xe7", "save the file as UTF-8")


def test_line_ends_of_old_macintoshes_are_named(folder, refuse):
    content = (folder / SELLERS).read_bytes()
    (folder / SELLERS).write_bytes(content.replace(b"\n", b"\r"))
    assert_names(refuse(), SELLERS, "line 1", r"bare \r", "line ends")


@pytest.mark.parametrize("packed", [False, True])
def test_an_empty_file_is_named(folder, refuse, packed):
    (folder / ORDERS).unlink()
    name = f"{ORDERS}.gz" if packed else ORDERS
    (folder / name).write_bytes(b"")
    assert_names(refuse(), name, "is empty (0 bytes)", "expected a header", "Export it again")


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_file_with_nothing_but_a_header_is_named(folder, refuse, end):
    header = (folder / ORDERS).read_bytes().split(b"\n")[0]
    (folder / ORDERS).write_bytes(header + end.encode())
    assert_names(refuse(), ORDERS, "expected at least one row", "found none", "export the file")


OPTIONAL = [table for table in source_tables() if table.is_optional]


def test_surveys_and_what_only_describes_are_optional_and_the_rest_is_not():
    assert {table.name for table in OPTIONAL} == {
        "geolocation", "order_reviews", "product_category_name_translation"
    }  # fmt: skip


@pytest.mark.parametrize("is_missing", [True, False])
def test_an_optional_file_may_be_missing_or_have_no_rows_and_its_table_is_empty_and_typed(
    warehouse, folder, is_missing
):
    types = {table.name: describe(warehouse, table.name) for table in OPTIONAL}
    for table in OPTIONAL:
        path = folder / f"{table.file_stem}.csv"
        header = path.read_bytes().split(b"\n")[0]
        path.unlink()
        if not is_missing:
            path.write_bytes(header + b"\n")
    messages: list[str] = []
    loads = {load.table_name: load for load in load_raw_files(warehouse, folder)}
    load_raw_files(warehouse, folder, progress=messages.append)
    for table in OPTIONAL:
        assert rows_of(warehouse, table.name) == []
        assert describe(warehouse, table.name) == types[table.name]
        assert (loads[table.name].row_count, loads[table.name].is_new) == (0, True)
        assert f"{table.file_stem}.csv: unchanged" in messages
    ((count,),) = warehouse.execute(
        "select count(*) from raw.load_log where row_count = 0"
    ).fetchall()
    assert count == len(OPTIONAL)


def test_an_optional_file_that_comes_later_is_loaded(warehouse, folder, good_files):
    (folder / REVIEWS).unlink()
    messages: list[str] = []
    load_raw_files(warehouse, folder, progress=messages.append)
    assert f"{REVIEWS}: not there, so order_reviews is empty" in messages
    shutil.copy(good_files / REVIEWS, folder)
    load_raw_files(warehouse, folder)
    assert len(rows_of(warehouse, "order_reviews")) == len(read_rows(folder / REVIEWS)) - 1


def test_an_optional_file_whose_name_is_misspelt_is_not_taken_for_a_missing_one(folder, refuse):
    misspelt = REVIEWS.replace("reviews", "review")
    (folder / REVIEWS).rename(folder / misspelt)
    assert_names(refuse(), f"{REVIEWS} is missing", f"holds {misspelt}", "rename that one")


def describe(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = 'raw' and table_name = ? order by column_index",
        [table],
    ).fetchall()


# Values


@pytest.mark.parametrize(
    ("file_name", "column", "value", "plain"),
    [
        (REVIEWS, "review_score", "cinco", "whole number"),
        (REVIEWS, "review_score", "4.6", "whole number"),
        (REVIEWS, "review_score", "0x5", "whole number"),
        (REVIEWS, "review_score", "-", "whole number"),
        (PAYMENTS, "payment_installments", "99999999999", "whole number"),
        (PRODUCTS, "product_weight_g", "1,500", "whole number"),
        (ORDERS, "order_purchase_timestamp", "29/08/2018 15:00", "timestamp like 2018-08-29"),
        (ORDERS, "order_purchase_timestamp", "2018-02-30 00:00:00", "timestamp like 2018-08-29"),
        (ORDERS, "order_purchase_timestamp", "2018-08-29", "timestamp like 2018-08-29"),
        (ORDERS, "order_purchase_timestamp", "2018-08-29T15:00:37Z", "timestamp like 2018-08-29"),
        (ORDERS, "order_purchase_timestamp", "018-08-29 15:00:37", "timestamp like 2018-08-29"),
        (ORDERS, "order_purchase_timestamp", "infinity", "timestamp like 2018-08-29"),
        (ORDERS, "order_purchase_timestamp", "2018-08-29 15:00:37.5", "timestamp like 2018-08-29"),
        (ORDERS, "order_estimated_delivery_date", "2018-08-29 15:00:3", "timestamp like"),
        (ITEMS, "price", "R$ 58.90", "amount like 58.90"),
        (ITEMS, "price", "58,90", "amount like 58.90"),
        (ITEMS, "price", "12.345", "amount like 58.90"),
        (ITEMS, "freight_value", "nan", "amount like 58.90"),
        (PAYMENTS, "payment_value", "99999999999999999.00", "amount like 58.90"),
        (GEOLOCATION, "geolocation_lat", "south", "number"),
        (GEOLOCATION, "geolocation_lng", "nan", "number"),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_named(
    warehouse, folder, refuse, file_name, column, value, plain
):
    line = put(folder / file_name, value, column)
    message = refuse()
    assert_names(message, f"{file_name}, line {line}, column {column}", f"{value!r} is no {plain}")
    assert_names(message, "1 unreadable row so far, 0 allowed", "Mend the file")
    assert_names(message, "raw.rejected_rows", "--max-rejected-rows 1")
    row_count = len(read_rows(folder / file_name)) - 1
    loads = {
        load.file_name: load for load in load_raw_files(warehouse, folder, max_rejected_rows=1)
    }
    assert (loads[file_name].row_count, loads[file_name].rejected_row_count) == (row_count - 1, 1)


@pytest.mark.parametrize("end", ["T{}", "T{}.000", " {}.0", " {}.000000"])
@pytest.mark.parametrize("as_file", [lambda folder: None, lambda f: to_parquet(f, ORDERS, "*")])
def test_timestamps_as_databases_export_them_are_the_same_timestamps(
    warehouse, folder, as_file, end
):
    before = rows_of(warehouse, "orders")
    header, *rows = read_rows(folder / ORDERS)
    places = [
        place for place, name in enumerate(header) if name.endswith(("_timestamp", "_date", "_at"))
    ]
    for row in rows:
        for place in places:
            day, _, time = row[place].partition(" ")
            row[place] = f"{day}{end.format(time)}" if day else ""
    write_rows(folder / ORDERS, [header, *rows])
    as_file(folder)
    load_raw_files(warehouse, folder)
    assert rows_of(warehouse, "orders") == before


def test_a_value_that_is_left_out_is_nothing_whatever_its_type(warehouse, folder):
    put(folder / REVIEWS, "", "review_answer_timestamp")
    put(folder / REVIEWS, "", "review_score")
    before = warehouse.execute("select count(*) from raw.order_reviews").fetchall()
    load_raw_files(warehouse, folder)
    assert warehouse.execute("select count(*) from raw.order_reviews").fetchall() == before
    result = warehouse.execute("select count(*) from raw.order_reviews where review_score is null")
    assert result.fetchall() == [(1,)]


def test_a_byte_that_is_not_utf_8_is_named_with_its_value(folder, refuse):
    rows = read_rows(folder / CUSTOMERS)
    rows[6][3] = "são paulo"
    lines = write_rows(folder / CUSTOMERS, rows)
    content = (folder / CUSTOMERS).read_bytes()
    (folder / CUSTOMERS).write_bytes(content.replace("ã".encode(), "ã".encode("latin-1")))
    message = refuse()
    assert_names(message, f"{CUSTOMERS}, line {lines[6]}, column customer_city")
    assert_names(message, r"'s\xe3o paulo' is not UTF-8", "save the file as UTF-8")


# Rows


@pytest.mark.parametrize(("end", "packed"), [("\n", False), ("\r\n", True)])
@pytest.mark.parametrize("value_count", [1, 5, 6, 8, 12])
def test_a_row_with_too_few_or_too_many_values_is_named(folder, refuse, end, value_count, packed):
    rows = read_rows(folder / REVIEWS)
    row = len(rows) - 3
    rows[row] = [*rows[row], *["more"] * 5][:value_count]
    line = write_rows(folder / REVIEWS, rows, end)[row]
    assert line > row + 10  # comments before it span lines
    name = REVIEWS
    if packed:
        name = f"{REVIEWS}.gz"
        (folder / name).write_bytes(gzip.compress((folder / REVIEWS).read_bytes()))
        (folder / REVIEWS).unlink()
    message = refuse()
    assert_names(message, f"{name}, line {line}: expected 7 values, found {value_count}")
    assert_names(message, f"begins '{rows[row][0][:20]}", "Mend the file")


def test_a_comma_too_many_is_named_rather_than_the_values_that_it_moves(folder, refuse):
    rows = read_rows(folder / REVIEWS)
    rows[6] = ["more", *rows[6]]
    lines = write_rows(folder / REVIEWS, rows)
    assert_names(refuse(), f"{REVIEWS}, line {lines[6]}: expected 7 values, found 8", "a comma")


def test_a_comma_too_many_is_named_even_if_the_last_value_is_empty(warehouse, folder, refuse):
    # DuckDB takes such a row: the comma in the city moves the state out of the last column.
    rows = read_rows(folder / PRODUCTS)
    rows[6] = [*rows[6][:3], "", *rows[6][3:8], ""]
    lines = write_rows(folder / PRODUCTS, rows)
    message = refuse()
    assert_names(message, f"{PRODUCTS}, line {lines[6]}: expected 9 values, found 10", "quotes")
    load_raw_files(warehouse, folder, max_rejected_rows=1)
    kept = {row[0] for row in rows_of(warehouse, "products")}
    assert kept == {row[0] for row in rows[1:]} - {rows[6][0]}


def test_a_row_that_ends_unlike_the_others_is_named(folder, refuse):
    rows = read_rows(folder / ORDERS)
    write_rows(folder / ORDERS, rows, "\r\n")
    lines = (folder / ORDERS).read_bytes().split(b"\r\n")
    content = b"\r\n".join(lines[:8]) + b"\n" + b"\r\n".join(lines[8:])
    (folder / ORDERS).write_bytes(content)
    assert_names(
        refuse(), f"{ORDERS}, line 8", "ends in \\n", "header in \\r\\n", "Export the file"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_is_counted_with_the_breaks_inside_of_rows(folder, refuse, end):
    rows = read_rows(folder / REVIEWS)
    spanning = [number for number, row in enumerate(rows) if any("\n" in value for value in row)]
    row = spanning[3]  # itself a row of several lines: its first one counts
    line = put(folder / REVIEWS, "cinco", "review_score", row, end)
    assert line > row + 1
    content = (folder / REVIEWS).read_bytes()
    assert content.split(b"\n")[line - 1].startswith(rows[row][0].encode())
    assert_names(refuse(), f"{REVIEWS}, line {line}, column review_score: 'cinco'")


def big_reviews(row_count: int, score: Callable[[int], str]) -> Rows:
    header = [
        "review_id",
        "order_id",
        "review_score",
        "review_comment_title",
        "review_comment_message",
        "review_creation_date",
        "review_answer_timestamp",
    ]
    rows = [header]
    for number in range(row_count):
        comment = 'olá, "x" ' * 8 + "linha\n" * (number % 4) + "fim"
        title = "muito bom" if number % 3 else ""
        times = ["2018-01-18 00:00:00", "2018-01-18 21:46:59"]
        rows.append([f"r{number}", f"o{number}", score(number), title, comment, *times])
    return rows


@pytest.mark.parametrize(("end", "packed"), [("\n", False), ("\r\n", True)])
def test_a_line_far_into_a_large_file_is_named(warehouse, folder, refuse, end, packed):
    bad = {13_001: "cinco", 22_222: "4.6", 29_990: "seis"}
    rows = big_reviews(30_000, lambda number: bad.get(number, "5"))
    lines = write_rows(folder / REVIEWS, rows, end)
    assert (folder / REVIEWS).stat().st_size > 4_000_000
    if packed:
        (folder / f"{REVIEWS}.gz").write_bytes(gzip.compress((folder / REVIEWS).read_bytes(), 1))
        (folder / REVIEWS).unlink()
    message = refuse(max_rejected_rows=2)
    assert_names(message, f"line {lines[13_002]}, column review_score: 'cinco'", "3 unreadable")
    load_raw_files(warehouse, folder, max_rejected_rows=3)
    rejected = warehouse.execute(
        "select line_number, rejected_value from raw.rejected_rows order by all"
    ).fetchall()
    assert rejected == [(lines[number + 1], value) for number, value in bad.items()]


def test_a_quote_never_closed_far_into_a_large_file_is_named(folder, refuse):
    lines = write_rows(folder / REVIEWS, big_reviews(30_000, lambda _: "5"))
    content = (folder / REVIEWS).read_bytes()
    start = content.index(b"r20000,")
    end_of_comment = content.index(b'",2018', start)
    (folder / REVIEWS).write_bytes(content[:end_of_comment] + content[end_of_comment + 1 :])
    message = refuse()
    assert_names(message, f"{REVIEWS}, line {lines[20_001]}", "a quote is opened and never closed")


def test_no_row_is_lost_when_every_row_of_a_large_file_is_bad(folder, refuse):
    # More than one of DuckDB's buffers (8 MB): in parallel, it forgot all rows after the first.
    write_rows(folder / REVIEWS, big_reviews(60_000, lambda _: "cinco"))
    assert (folder / REVIEWS).stat().st_size > 10_000_000
    message = refuse()
    assert_names(message, "line 2, column review_score", "60,000 unreadable rows", "0 allowed")


# Files that were cut off


def test_a_file_cut_inside_a_quote_is_named_with_the_row_that_opens_it(folder, refuse):
    rows = read_rows(folder / REVIEWS)
    comment = rows[0].index("review_comment_message")
    row = max(number for number, row in enumerate(rows) if "\n" in row[comment])
    lines = write_rows(folder / REVIEWS, rows[: row + 1])
    content = (folder / REVIEWS).read_bytes()
    cut = content[: content.rindex(b"\n", 0, len(content) - 1) + 4]
    (folder / REVIEWS).write_bytes(cut)
    message = refuse()
    assert_names(
        message, f"{REVIEWS}, line {lines[row]}", "never closed", "cut off", "Mend the file"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bytes_left", [10, 40, 90])
def test_a_file_cut_in_mid_row_is_named_with_that_row(folder, refuse, end, bytes_left):
    rows = read_rows(folder / ORDERS)
    lines = write_rows(folder / ORDERS, rows, end)
    content = (folder / ORDERS).read_bytes()
    begin = content.rindex(rows[-1][0].encode())
    (folder / ORDERS).write_bytes(content[: begin + bytes_left])
    message = refuse()
    assert_names(message, f"{ORDERS}, line {lines[-1]}: expected 8 values", "cut off", "Mend")


@pytest.mark.parametrize("missing", [1, 2, 9])
def test_a_file_cut_in_its_last_timestamp_is_named(folder, refuse, missing):
    rows = read_rows(folder / ORDERS)
    lines = write_rows(folder / ORDERS, rows)
    (folder / ORDERS).write_bytes((folder / ORDERS).read_bytes()[: -1 - missing])
    message = refuse()
    assert_names(message, f"{ORDERS}, line {lines[-1]}, column order_estimated_delivery_date")
    assert_names(message, repr(rows[-1][-1][:-missing]), "is no timestamp")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_a_packed_file_that_was_cut_off_is_named_with_the_line_it_goes_to(folder, refuse, share):
    packed = gzip.compress((folder / ORDERS).read_bytes())
    (folder / ORDERS).unlink()
    (folder / f"{ORDERS}.gz").write_bytes(packed[: int(len(packed) * share)])
    assert_names(refuse(), f"{ORDERS}.gz", "cut off", "copy it again")


def test_a_packed_file_whose_checksum_is_wrong_is_refused(folder, refuse):
    packed = bytearray(gzip.compress((folder / ORDERS).read_bytes()))
    packed[-6] ^= 0xFF
    (folder / ORDERS).unlink()
    (folder / f"{ORDERS}.gz").write_bytes(packed)
    assert_names(refuse(), f"{ORDERS}.gz", "cannot be read beyond line 301", "copy it again")


def test_a_file_that_is_packed_in_name_only_is_named(folder, refuse):
    (folder / ORDERS).rename(folder / f"{ORDERS}.gz")
    assert_names(refuse(), f"{ORDERS}.gz", "cannot be unpacked", "Export it again")


# All or none


def test_a_bad_last_file_keeps_the_change_of_the_first_one_out(folder, refuse):
    put(folder / CUSTOMERS, "brasilia", "customer_city")
    (folder / TRANSLATION).write_bytes(b"")
    assert_names(refuse(), TRANSLATION)
    write_rows(
        folder / TRANSLATION, [["product_category_name", "product_category_name_english"], ["a"]]
    )
    assert_names(refuse(), TRANSLATION)  # this time found while loading, not before


def test_a_first_load_that_fails_leaves_no_table(folder):
    put(folder / REVIEWS, "cinco", "review_score")
    connection = duckdb.connect()
    with pytest.raises(InputError):
        load_raw_files(connection, folder)
    assert state(connection) == {}


def test_an_interrupted_load_leaves_the_last_good_one(warehouse, folder):
    put(folder / CUSTOMERS, "brasilia", "customer_city")
    before = state(warehouse)

    def interrupt(_sentence: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_raw_files(warehouse, folder, progress=interrupt)
    assert state(warehouse) == before
    assert by_table(load_raw_files(warehouse, folder))["customers"].is_new


# What has not changed is not loaded again


def test_unchanged_files_are_not_loaded_again(warehouse, folder):
    before = state(warehouse)
    for file_name in TABLES.values():
        os.utime(folder / file_name, (0, 0))
    messages: list[str] = []
    loads = load_raw_files(warehouse, folder, progress=messages.append)
    assert [load.is_new for load in loads] == [False] * 9
    assert messages == [f"{file_name}: unchanged" for file_name in TABLES.values()]
    assert {load.table_name: load.row_count for load in loads} == {
        table: len(before[table]) for table in TABLES
    }
    assert state(warehouse) == before


def test_a_changed_file_alone_is_loaded_again(warehouse, folder):
    put(folder / ORDERS, "shipped", "order_status")
    put(folder / ORDERS, "2018-08-29 15:00:37", "order_approved_at")
    loads = load_raw_files(warehouse, folder)
    assert [load.table_name for load in loads if load.is_new] == ["orders"]
    assert log_count(warehouse) == 9 + 1
    changed = warehouse.execute(
        """
        select order_status from raw.orders
        where order_approved_at = timestamp '2018-08-29 15:00:37'
        """
    ).fetchall()
    assert changed == [("shipped",)]


def test_a_table_that_was_dropped_is_loaded_again(warehouse, folder):
    before = rows_of(warehouse, "sellers")
    warehouse.execute("drop table raw.sellers")
    loads = load_raw_files(warehouse, folder)
    assert [load.table_name for load in loads if load.is_new] == ["sellers"]
    assert rows_of(warehouse, "sellers") == before


def test_a_dropped_table_is_loaded_again_though_an_attached_database_has_it(
    warehouse, good_warehouse, folder
):
    warehouse.execute(f"attach '{good_warehouse}' as other (read_only)")
    warehouse.execute("drop table raw.sellers")
    assert by_table(load_raw_files(warehouse, folder))["sellers"].is_new


def test_a_table_whose_definition_has_changed_is_loaded_again(warehouse, folder):
    tables = tuple(
        RawTable(table.name, table.file_stem, {**table.columns, "seller_city": "INTEGER"})
        if table.name == "sellers"
        else table
        for table in source_tables()
    )
    with pytest.raises(InputError, match=r"column seller_city: .* is no whole number"):
        load_raw_files(warehouse, folder, tables=tables)


# Rejected rows


@pytest.fixture
def three_bad_rows(folder: Path) -> dict[str, int]:
    """The good files with three bad rows in two files; the line of each."""
    rows = read_rows(folder / PAYMENTS)
    rows[11] = [*rows[11], "more"]
    write_rows(folder / PAYMENTS, rows)
    payments = read_rows(folder / PAYMENTS)
    payments[4][payments[0].index("payment_value")] = "12.345"
    lines = write_rows(folder / PAYMENTS, payments)
    review_line = put(folder / REVIEWS, "cinco", "review_score", row=150)
    return {"value": lines[4], "long": lines[11], "score": review_line}


def test_as_many_bad_rows_as_allowed_are_set_aside_with_their_reason(
    warehouse, folder, three_bad_rows
):
    before = {table: len(rows_of(warehouse, table)) for table in TABLES}
    messages: list[str] = []
    loads = by_table(
        load_raw_files(warehouse, folder, max_rejected_rows=3, progress=messages.append)
    )
    assert loads["order_payments"].rejected_row_count == 2
    assert loads["order_payments"].row_count == before["order_payments"] - 2
    assert loads["order_reviews"].rejected_row_count == 1
    assert f"{REVIEWS}: {before['order_reviews'] - 1:,} rows, rejected 1" in messages
    for table, count in before.items():
        assert len(rows_of(warehouse, table)) == count - loads[table].rejected_row_count
    rejected = warehouse.execute(
        """
        select table_name, file_name, line_number, column_name, rejected_value, reason
        from raw.rejected_rows order by table_name, line_number
        """
    ).fetchall()
    value, long, score = three_bad_rows["value"], three_bad_rows["long"], three_bad_rows["score"]
    whole = "'cinco' is no whole number"
    amount = "'12.345' is no amount like 58.90; if its point parts thousands, write 12345"
    count = "expected 5 values, found 6; a comma may want quotes around its text"
    assert rejected == [
        ("order_payments", PAYMENTS, value, "payment_value", "12.345", amount),
        ("order_payments", PAYMENTS, long, None, None, count),
        ("order_reviews", REVIEWS, score, "review_score", "cinco", whole),
    ]


def test_a_rejected_row_is_kept_as_it_stood_in_the_file(warehouse, folder, three_bad_rows):
    load_raw_files(warehouse, folder, max_rejected_rows=3)
    rejected = warehouse.execute("select raw_line from raw.rejected_rows").fetchall()
    kept = sorted(next(csv.reader(io.StringIO(text, newline=""))) for (text,) in rejected)
    expected = [read_rows(folder / PAYMENTS)[row] for row in (4, 11)]
    assert kept == sorted([*expected, read_rows(folder / REVIEWS)[150]])


def test_the_first_bad_row_of_a_file_is_named_whatever_its_fault(folder, refuse, three_bad_rows):
    message = refuse(max_rejected_rows=1)
    assert_names(message, f"{PAYMENTS}, line {three_bad_rows['value']}, column payment_value")
    assert_names(message, "2 unreadable rows so far, 1 allowed")


def test_one_bad_row_more_than_allowed_is_refused(folder, refuse, three_bad_rows):
    message = refuse(max_rejected_rows=2)
    assert_names(message, f"{REVIEWS}, line {three_bad_rows['score']}, column review_score")
    assert_names(message, "3 unreadable rows so far, 2 allowed", "--max-rejected-rows 3")


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_a_later_load_that_allows_fewer_is_refused(folder, warehouse, three_bad_rows, allowed):
    load_raw_files(warehouse, folder, max_rejected_rows=3)
    before = state(warehouse)
    with pytest.raises(InputError, match=f"so far, {allowed} allowed"):
        load_raw_files(warehouse, folder, max_rejected_rows=allowed)
    assert state(warehouse) == before
    loads = load_raw_files(warehouse, folder, max_rejected_rows=3)
    assert not any(load.is_new for load in loads)
    assert state(warehouse) == before


def test_a_mended_file_takes_its_rejected_rows_away(warehouse, folder, good_files, three_bad_rows):
    load_raw_files(warehouse, folder, max_rejected_rows=3)
    shutil.copyfile(good_files / PAYMENTS, folder / PAYMENTS)
    load_raw_files(warehouse, folder, max_rejected_rows=1)
    rejected = warehouse.execute("select file_name from raw.rejected_rows").fetchall()
    assert rejected == [(REVIEWS,)]


def test_a_row_with_two_bad_values_is_one_rejected_row(warehouse, folder):
    put(folder / PAYMENTS, "muito", "payment_value")
    put(folder / PAYMENTS, "1.5", "payment_installments")
    load_raw_files(warehouse, folder, max_rejected_rows=1)
    assert len(rows_of(warehouse, "rejected_rows")) == 1


def test_a_file_of_nothing_but_bad_rows_is_refused_however_many_are_allowed(folder, refuse):
    header, *rows = read_rows(folder / SELLERS)
    write_rows(folder / SELLERS, [header, *(row[:2] for row in rows)])
    assert_names(refuse(max_rejected_rows=1_000), SELLERS, "expected at least one row")


# Any text survives, and no part of a file is lost without a word

TINY = RawTable(
    "tiny",
    "tiny",
    {"row_number": "INTEGER", "text": "VARCHAR", "said_at": "TIMESTAMP", "more": "VARCHAR"},
)
TEXTS = st.text(
    st.sampled_from(",\"\n\r\t;'\\ ç日\ufeff\0") | st.characters(exclude_categories=["Cs"]),
    max_size=12,
)
ENDS = st.sampled_from(["\n", "\r\n"])


@pytest.fixture(scope="module")
def load_tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], Rows]]:
    """Load a file of four columns; what is in its table."""
    folder = tmp_path_factory.mktemp("tiny")
    connection = duckdb.connect()

    def load(content: bytes) -> Rows:
        (folder / "tiny.csv").write_bytes(content)
        load_raw_files(connection, folder, tables=(TINY,))
        rows = connection.execute("select columns(*)::varchar from raw.tiny").fetchall()
        return [[value or "" for value in row] for row in rows]

    yield load


def tiny_file(texts: list[tuple[str, str]], end: str) -> bytes:
    stream = io.StringIO()
    # Python leaves a bare \r without quotes where lines end in \n.
    bare = end == "\n" and any("\r" in text for pair in texts for text in pair)
    quoting = csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, lineterminator=end, quoting=quoting)
    writer.writerow(TINY.columns)
    for number, (text, more) in enumerate(texts):
        writer.writerow([number, text, "2018-08-29 15:00:37", more])
    return stream.getvalue().encode()


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), end=ENDS)
def test_any_text_survives(load_tiny, texts, end):
    rows = load_tiny(tiny_file(texts, end))
    assert [(row[1], row[3]) for row in rows] == texts


@settings(deadline=None, max_examples=100)
@given(
    texts=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4),
    end=ENDS,
    data=st.data(),
)
def test_a_file_cut_off_anywhere_is_refused_or_loaded_to_its_last_value(
    load_tiny, texts, end, data
):
    whole = tiny_file(texts, end)
    content = whole[: data.draw(st.integers(0, len(whole)), label="bytes left")]
    try:
        rows = load_tiny(content)
    except InputError:
        return
    # What can be read without fault is all there, as Python reads it.
    expected = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    assert rows == [row for row in expected[1:] if row]

"""A mapping turns a shop's files into fixed tables; nothing is guessed or lost."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_readers import FLAT
from workbooks import Formula, write_workbook

from orchestration.errors import InputError
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.presets import find_preset, fit_preset
from orchestration.loading.mapping.read import parse_mapping
from orchestration.loading.mapping.tables import TABLES

HEADER = "order,date,customer,product,pieces,price\n"
ONE = HEADER + "1,2024-05-01,anna,mug,2,3.50\n"


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


def apply(connection, folder, text=FLAT, **options):
    return apply_mapping(connection, folder, parse_mapping(text), **options)


def rows(connection, query):
    return connection.execute(query).fetchall()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def refusal(connection, folder, text=FLAT, **options) -> str:
    with pytest.raises(InputError) as caught:
        apply(connection, folder, text, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- the fixed shape ------------------------------------------------------------------------------


def test_every_table_is_there_with_its_types_however_little_is_mapped(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE)
    apply(connection, tmp_path)
    for table, columns in TABLES.items():
        types = dict(
            rows(connection, f"select column_name, column_type from (describe raw.{table})")
        )
        assert types == {name: kind.replace(", ", ",") for name, kind in columns.items()}, table


def test_a_failed_load_leaves_the_former_one_as_it_was(connection, tmp_path):
    path = write(tmp_path, "sales.csv", ONE)
    apply(connection, tmp_path)
    path.write_text(HEADER + "1,no date,anna,mug,2,3.50\n")
    refusal(connection, tmp_path)
    assert rows(connection, "select order_id, item_amount from raw.orders") == [
        ("1", Decimal("7.00"))
    ]


def test_a_mapping_is_applied_to_a_warehouse_on_disk_too(tmp_path):
    write(tmp_path, "sales.csv", ONE)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as opened:
        apply(opened, tmp_path)
    with duckdb.connect(str(tmp_path / "shop.duckdb"), read_only=True) as opened:
        assert rows(opened, "select count(*) from raw.order_lines") == [(1,)]


# -- dialects and formats -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "dialect"),
    [
        ("sales.csv", ONE.encode(), ""),
        ("sales.csv", b"\xef\xbb\xbf" + ONE.encode(), ""),
        ("sales.csv", ONE.replace("\n", "\r\n").encode(), ""),
        ("sales.csv.gz", gzip.compress(ONE.encode()), ""),
        ("sales.csv", ONE.replace(",", ";").encode(), ", delimiter: ;"),
        ("sales.tsv", ONE.replace(",", "\t").encode(), ', delimiter: "\\t"'),
        (
            "sales.csv",
            ONE.replace("anna", "äöü").encode("windows-1252"),
            ", encoding: windows-1252",
        ),
        ("sales.csv", ONE.encode("utf-16"), ", encoding: utf-16"),
        ("sales.csv", b"Export of 2024\n\n" + ONE.encode(), ", header_line: 3"),
        ("sales.csv", ONE.replace("anna", "'an,na'").encode(), ', quote: "\'"'),
    ],
    ids=[
        "plain",
        "byte order mark",
        "line ends of Windows",
        "gzip",
        "semicolons",
        "tabs",
        "windows-1252",
        "utf-16",
        "a title above",
        "single quotes",
    ],
)
def test_a_file_of_any_dialect_is_read_as_the_mapping_states(
    connection, tmp_path, name, content, dialect
):
    (tmp_path / name).write_bytes(content)
    apply(connection, tmp_path, FLAT.replace('path: "sales*"', f'path: "sales*"{dialect}'))
    assert rows(connection, "select ordered_at, item_amount from raw.orders") == [
        (datetime(2024, 5, 1), Decimal("7.00"))
    ]


@pytest.mark.parametrize(
    ("keys", "written", "amount"),
    [
        ("decimal_mark: .", "1234.5", "1234.50"),
        ('decimal_mark: ","', '"1234,5"', "1234.50"),
        ('decimal_mark: ","\nthousands_mark: .', '"1.234,5"', "1234.50"),
        ('decimal_mark: "."\nthousands_mark: ","', '"1,234.50"', "1234.50"),
        ('decimal_mark: ","\nthousands_mark: " "', '"1\u00a0234,5"', "1234.50"),
        ('decimal_mark: .\nthousands_mark: "\'"', "1'234.5", "1234.50"),
        ("decimal_mark: .", "+0.005", "0.01"),
        ("decimal_mark: .", "7", "7.00"),
    ],
)
def test_a_number_is_read_by_the_marks_that_the_mapping_states(
    connection, tmp_path, keys, written, amount
):
    write(tmp_path, "sales.csv", HEADER + f"1,2024-05-01,anna,mug,1,{written}\n")
    apply(connection, tmp_path, FLAT.replace("layout:", f"{keys}\nlayout:"))
    assert rows(connection, "select item_amount from raw.orders") == [(Decimal(amount),)]


@pytest.mark.parametrize("written", ["1.234,5", "12,34", "1 234", "1_000", "abc", "1.2.3", "€ 5"])
def test_a_number_with_other_marks_is_refused_and_never_guessed(connection, tmp_path, written):
    write(tmp_path, "sales.csv", HEADER + f'1,2024-05-01,anna,mug,1,"{written}"\n')
    assert refusal(connection, tmp_path) == (
        f"sales.csv, line 2, column price: '{written}' is no number with the decimal mark '.'. "
        "1 unusable row, 0 allowed; mend the file or the mapping, or set such rows aside with "
        "--max-rejected-rows 1."
    )


@pytest.mark.parametrize(
    ("date_format", "written", "moment"),
    [
        ("iso", "2024-05-01", datetime(2024, 5, 1)),
        ("iso", "2024-05-01T10:20:30", datetime(2024, 5, 1, 10, 20, 30)),
        ("iso", "2024-05-01T10:20:30Z", datetime(2024, 5, 1, 12, 20, 30)),
        ("iso", "2024-05-01 10:20:30.5+02:00", datetime(2024, 5, 1, 10, 20, 30, 500_000)),
        ('"%d/%m/%Y"', "01/05/2024", datetime(2024, 5, 1)),
        ('"%m/%d/%Y %H:%M"', "5/1/2024 8:26", datetime(2024, 5, 1, 8, 26)),
        ('"%d.%m.%y"', "01.05.24", datetime(2024, 5, 1)),
        ('"%Y-%m-%d %H:%M:%S %z"', "2024-05-01 22:30:00 -0500", datetime(2024, 5, 2, 5, 30)),
        ("unix_seconds", "1714552830", datetime(2024, 5, 1, 10, 40, 30)),
        ("excel_serial", "45413.5", datetime(2024, 5, 1, 12)),
        ('[iso, "%d/%m/%Y"]', "01/05/2024", datetime(2024, 5, 1)),
    ],
)
def test_a_date_is_read_by_its_format_in_the_shops_time_zone(
    connection, tmp_path, date_format, written, moment
):
    write(tmp_path, "sales.csv", HEADER + f"1,{written},anna,mug,1,1\n")
    apply(connection, tmp_path, FLAT.replace("date_formats: iso", f"date_formats: {date_format}"))
    assert rows(connection, "select ordered_at from raw.orders") == [(moment,)]


def test_dates_of_another_time_zone_are_moved_to_the_shops(connection, tmp_path):
    write(tmp_path, "sales.csv", HEADER + "1,2024-05-01 23:30,anna,mug,1,1\n")
    apply(connection, tmp_path, FLAT.replace("currency:", "time_zone_of_dates: UTC\ncurrency:"))
    assert rows(connection, "select ordered_at from raw.orders") == [(datetime(2024, 5, 2, 1, 30),)]


@pytest.mark.parametrize("written", ["31/05/2024", "2024-02-30", "0024-05-01", "24-05-01", "soon"])
def test_a_date_of_another_format_is_refused(connection, tmp_path, written):
    write(tmp_path, "sales.csv", HEADER + f"1,{written},anna,mug,1,1\n")
    message = refusal(connection, tmp_path)
    assert f"line 2, column date: '{written}' is no date as date_formats say (iso)." in message


def test_parquet_is_read_by_its_own_types(connection, tmp_path):
    connection.execute(
        f"""
        copy (
            select 1 as "order", timestamp '2024-05-01 08:00:00' as date,
                cast(17850 as double) as customer, 'mug' as product,
                2 as pieces, 3.5e0 as price
        ) to '{tmp_path / "sales.parquet"}' (format parquet)
        """
    )
    text = FLAT.replace("date_formats: iso", 'date_formats: "%d/%m/%Y"').replace(
        "layout:", 'decimal_mark: ","\nlayout:'
    )
    apply(connection, tmp_path, text)
    assert rows(connection, "select customer_id, ordered_at, item_amount from raw.orders") == [
        ("17850", datetime(2024, 5, 1, 8), Decimal("7.00"))
    ]


def test_sheets_of_a_workbook_are_read_with_dates_as_numbers_and_formulas(connection, tmp_path):
    header = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price",
              "Customer ID", "Country"]  # fmt: skip
    day = datetime(2010, 12, 1, 8, 26)
    overlap = [536365, "85123a", " T-LIGHT ", 6, day, Formula("5.1/2", 2.55), 17850.0, "UK"]
    write_workbook(
        tmp_path / "online_retail_II.xlsx",
        {
            "Year 2009-2010": [header, [489434, "85048", "BALL", 12, day, 6.95, 13085.0, "UK"],
                               overlap],
            "Year 2010-2011": [header, overlap,
                               ["C536379", "D", None, -1, day, 27.5, 14527.0, "UK"],
                               ["536414", "22139", None, 56, day, 0, None, "UK"]],
        },
    )  # fmt: skip
    apply_mapping(connection, tmp_path, find_preset("online_retail").mapping)
    assert rows(
        connection,
        "select sheet_name, order_id, customer_id, product_id, line_kind, line_amount, ordered_at "
        "from raw.ledger_lines",
    ) == [
        ("Year 2009-2010", "489434", "13085", "85048", "sale", Decimal("83.40"), day),
        ("Year 2010-2011", "536365", "17850", "85123A", "sale", Decimal("15.30"), day),
        ("Year 2010-2011", "C536379", "14527", "D", "return", Decimal("-27.50"), day),
        ("Year 2010-2011", "536414", None, "22139", "stock_movement", Decimal("0.00"), day),
    ]
    placed = "select file_name, sheet_name, line_number, reason from raw.rejected"
    assert rows(connection, placed) == [
        ("online_retail_II.xlsx", "Year 2009-2010", 3,
         "536365 stands in online_retail_II.xlsx, sheet 'Year 2010-2011', too, and is read there")
    ]  # fmt: skip


def test_an_empty_sheet_is_refused(connection, tmp_path):
    write_workbook(tmp_path / "sales.xlsx", {"May": [], "June": []})
    assert "sales.xlsx, sheet 'May' is empty: expected the names of columns" in refusal(
        connection, tmp_path
    )


def test_a_sheet_that_is_not_there_is_refused(connection, tmp_path):
    write_workbook(tmp_path / "sales.xlsx", {"Sales May": [["order"]]})
    text = FLAT.replace('path: "sales*"', 'path: "sales.xlsx", sheets: "Sale May"')
    assert "has no sheet 'Sale May'; did you mean 'Sales May'?" in refusal(
        connection, tmp_path, text
    )


# -- files that are not as the mapping says -------------------------------------------------------


def test_a_file_that_is_not_there_is_refused_with_what_is(connection, tmp_path):
    write(tmp_path, "sale.csv", ONE)
    message = refusal(connection, tmp_path, FLAT.replace("sales*", "sales.csv"))
    assert "files.lines.path is 'sales.csv', but no such file is in" in message
    assert "did you mean 'sale.csv'? the folder holds: sale.csv." in message


def test_a_column_that_is_not_there_is_refused_with_the_nearest(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE.replace("pieces", "piece"))
    message = refusal(connection, tmp_path)
    assert message == (
        "sales.csv: lines.columns.quantity is 'pieces', but no such column is there; did you mean "
        "'piece'? the file has: order, date, customer, product, piece, price."
    )


def test_a_column_that_stands_there_twice_is_refused(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE.replace("product", "price"))
    assert "the column 'price' of lines.columns.unit_price stands there 2 times" in refusal(
        connection, tmp_path, FLAT.replace("product_id: product, ", "")
    )


def test_a_file_in_another_encoding_is_refused_at_its_line(connection, tmp_path):
    (tmp_path / "sales.csv").write_bytes(ONE.replace("anna", "ännä").encode("windows-1252"))
    assert "sales.csv, line 2: byte 0xe4 is not utf-8" in refusal(connection, tmp_path)


def test_a_row_of_another_length_is_named_by_its_line(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE + '2,2024-05-01,"a\nb",mug,1,1\n3,2024-05-01,bob,mug,1\n')
    message = refusal(connection, tmp_path)
    assert (
        "sales.csv, line 5: expected 6 values, found 5; the line may have been cut off" in message
    )


def test_faulty_rows_are_set_aside_with_line_and_reason_if_allowed(connection, tmp_path):
    text = ONE + '2,2024-05-01,"a\nb",mug,x,1\n\n3,2024-05-01,bob,mug,1\n4,,eve,mug,1,1\n,,,,,\n'
    write(tmp_path, "sales.csv", text)
    apply(connection, tmp_path, max_rejected_rows=3)
    assert rows(
        connection,
        "select line_number, column_name, rejected_value, reason_code from raw.rejected",
    ) == [
        (3, "pieces", "x", "bad_value"),
        (6, None, None, "unreadable"),
        (7, "date", None, "missing_value"),
        (8, None, None, "blank"),
    ]
    assert rows(connection, "select order_id from raw.orders") == [("1",)]


def test_a_file_that_ends_inside_a_quote_is_refused(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE + '2,2024-05-01,"bob,mug,1,1\n')
    assert "sales.csv, line 3: a quote is opened and never closed" in refusal(connection, tmp_path)


def test_a_header_that_stands_there_again_is_set_aside(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE + HEADER)
    assert "line 3: the header stands here once more" in refusal(connection, tmp_path)


def test_a_file_without_rows_is_refused(connection, tmp_path):
    write(tmp_path, "sales.csv", HEADER)
    assert "sales.csv: no order is left; expected at least one." in refusal(connection, tmp_path)


@pytest.mark.parametrize(("pieces", "price"), [("-2", "1"), ("0", "1"), ("1", "-1")])
def test_negative_numbers_that_no_rule_covers_are_refused(connection, tmp_path, pieces, price):
    write(tmp_path, "sales.csv", ONE + f"2,2024-05-01,anna,mug,{pieces},{price}\n")
    message = refusal(connection, tmp_path)
    assert "sales.csv, line 3, column " in message
    assert "and no rule says what that is; add one to rules." in message


@pytest.mark.parametrize(
    ("pieces", "price"),
    [("1", "123456789012.5"), ("999999999999999", "999999999999"), ("-20", "99999999999")],
)
def test_more_money_than_any_line_has_is_refused_and_never_overflows(
    connection, tmp_path, pieces, price
):
    rule = "rules: [{kind: return, when: {field: quantity, sign: negative}}]\n"
    write(tmp_path, "sales.csv", ONE + f"2,2024-05-01,anna,mug,{pieces},{price}\n")
    if price == "123456789012.5":  # a great deal, but not too much
        apply(connection, tmp_path, FLAT + rule)
        return
    message = refusal(connection, tmp_path, FLAT + rule)
    assert message.startswith("sales.csv, line 3, column p")
    assert "which is more money than the 1,000,000,000,000 that a line may have" in message


def test_another_currency_is_refused(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE.replace("product", "money").replace("mug", "USD"))
    text = FLAT.replace("product_id: product, ", "").replace(
        "customer_id: customer", "customer_id: customer, currency: money"
    )
    assert "column money: the amounts are in USD, the shop's currency is EUR." in refusal(
        connection, tmp_path, text
    )


def test_a_rule_about_a_column_that_is_not_there_is_refused(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE)
    text = FLAT + "rules: [{kind: test, when: {column: Note, equals: x}}]\n"
    assert refusal(connection, tmp_path, text) == (
        "rules[1] (test) asks for the column 'Note', which no file of orders or lines has; they "
        "have: order, date, customer, product, pieces, price."
    )


# -- orders, lines and people ---------------------------------------------------------------------

TWO_FILES = """\
version: 1
time_zone: UTC
currency: EUR
layout: orders_and_lines
files:
  orders: {path: orders.csv}
  lines: {path: lines.csv}
orders:
  columns: {order_id: id, ordered_at: date, customer_id: customer, email: mail, total_amount: total}
lines:
  columns: {order_id: order, product_id: product, quantity: pieces, unit_price: price}
"""


def two_files(folder: Path, orders: str, lines: str) -> None:
    write(folder, "orders.csv", "id,date,customer,mail,total\n" + orders)
    write(folder, "lines.csv", "order,product,pieces,price\n" + lines)


def test_a_line_without_its_order_is_refused(connection, tmp_path):
    two_files(tmp_path, "1,2024-05-01,anna,,5\n", "1,mug,1,5\n2,mug,1,5\n")
    assert "lines.csv, line 3, column order: no order has the id 2." in refusal(
        connection, tmp_path, TWO_FILES
    )


def test_an_order_without_lines_is_kept_and_not_valid(connection, tmp_path):
    two_files(tmp_path, "1,2024-05-01,anna,,5\n2,2024-05-02,bob,,7\n", "1,mug,1,5\n")
    apply(connection, tmp_path, TWO_FILES)
    assert rows(connection, "select order_id, is_valid_order, invalid_reason from raw.orders") == [
        ("1", True, None),
        ("2", False, "no lines"),
    ]


def test_an_order_paid_through_two_gateways_has_its_total_once(connection, tmp_path):
    two_files(tmp_path, "1,2024-05-01 10:01,anna,,15\n1,2024-05-01 10:00,anna,,15\n", "1,mug,3,5\n")
    apply(connection, tmp_path, TWO_FILES)
    assert rows(
        connection, "select ordered_at, item_amount, total_amount, total_difference_amount "
        "from raw.orders"
    ) == [(datetime(2024, 5, 1, 10), Decimal("15"), Decimal("15"), Decimal("0"))]  # fmt: skip


def test_a_total_that_does_not_add_up_is_counted(connection, tmp_path):
    two_files(tmp_path, "1,2024-05-01,anna,,16\n", "1,mug,3,5\n")
    apply(connection, tmp_path, TWO_FILES)
    assert rows(
        connection,
        "select finding_count, finding_amount from raw.findings "
        "where finding_id = 'total_differences'",
    ) == [(1, Decimal("1.00"))]


def test_keys_of_one_person_are_joined_unless_several_people_share_them(connection, tmp_path):
    two_files(
        tmp_path,
        "1,2024-05-01,7, Anna@Shop.com ,1\n2,2024-05-02,,anna@shop.COM,1\n"  # one person
        "3,2024-05-03,8,desk@shop.com,1\n4,2024-05-04,9,desk@shop.com,1\n"  # a shared address
        "5,2024-05-05,,desk@shop.com,1\n6,2024-05-06,0,none@shop.com,1\n7,2024-05-07,,,1\n",
        "".join(f"{number},mug,1,1\n" for number in range(1, 8)),
    )
    text = TWO_FILES + 'customers: {not_a_person: ["0", none@shop.com]}\n'
    apply(connection, tmp_path, text)
    people = dict(rows(connection, "select order_id, customer_id from raw.orders"))
    assert people["1"] == people["2"] == "7"
    assert (people["3"], people["4"]) == ("8", "9")
    assert people["5"] not in {"8", "9", None}
    assert "@" not in people["5"]  # a digest
    assert people["6"] is people["7"] is None
    assert rows(
        connection, "select finding_count from raw.findings where finding_id = 'shared_keys'"
    ) == [(1,)]
    assert rows(connection, "select email from raw.customer_contacts where customer_id = '7'") == [
        ("anna@shop.com",)
    ]


def test_guests_are_left_out_if_the_mapping_says_so(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE + "2,2024-05-01,,mug,1,1\n")
    apply(connection, tmp_path)
    assert rows(connection, "select count(*) from raw.orders") == [(2,)]
    apply(connection, tmp_path, FLAT + "customers: {guests: left_out}\n")
    assert rows(connection, "select order_id from raw.orders") == [("1",)]
    assert rows(connection, "select order_id from raw.order_lines") == [("1",)]
    assert rows(connection, "select count(*) from raw.ledger_lines") == [(2,)]
    assert rows(connection, "select line_number, reason_code, reason from raw.rejected") == [
        (3, "guest", "the order 2 names no customer, and customers.guests is left_out")
    ]


def test_returns_of_guests_are_left_out_with_their_orders(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE + "1r,2024-05-02,anna,mug,-1,3.5\n2r,2024-05-02,,mug,-1,1\n")
    rule = "rules: [{kind: return, when: {field: quantity, sign: negative}}]\n"
    apply(connection, tmp_path, FLAT + rule + "customers: {guests: left_out}\n")
    assert rows(connection, "select return_id, returned_amount from raw.returns") == [
        ("1r", Decimal("3.50"))
    ]


@pytest.mark.parametrize(
    ("choice", "lines", "amount"),
    [("summed", 1, "14.00"), ("kept", 2, "14.00"), ("dropped", 1, "7.00")],
)
def test_repeated_lines_are_summed_kept_or_dropped(connection, tmp_path, choice, lines, amount):
    write(tmp_path, "sales.csv", ONE + ONE.splitlines()[1] + "\n")
    apply(
        connection,
        tmp_path,
        FLAT.replace("lines:\n  columns", f"lines:\n  duplicates: {choice}\n  columns"),
    )
    assert rows(connection, "select count(*), sum(item_amount) from raw.order_lines") == [
        (lines, Decimal(amount))
    ]


def test_overlapping_files_give_each_order_once_from_the_last(connection, tmp_path):
    write(tmp_path, "sales-1.csv", ONE + "2,2024-05-02,bob,mug,1,1\n")
    write(tmp_path, "sales-2.csv", HEADER + "2,2024-05-02,bob,mug,5,1\n3,2024-05-03,bob,mug,1,1\n")
    apply(connection, tmp_path)
    query = "select order_id, item_amount from raw.orders order by order_id"
    assert rows(connection, query) == [
        ("1", Decimal("7.00")), ("2", Decimal("5.00")), ("3", Decimal("1.00")),
    ]  # fmt: skip
    apply(connection, tmp_path, FLAT.replace('path: "sales*"', 'path: "sales*", keep: first'))
    assert rows(connection, query)[1] == ("2", Decimal("1.00"))
    assert rows(connection, "select file_name, line_number, reason_code from raw.rejected") == [
        ("sales-2.csv", 2, "overlap")
    ]


def test_the_first_rule_that_holds_decides(connection, tmp_path):
    write(
        tmp_path, "sales.csv",
        ONE + "R1,2024-05-02,anna,mug,-1,3.50\n2,2024-05-02,bob,mug,-1,0\n"
        "3,2024-05-02,bob,pin,1,0\nT9,2024-05-02,bob,mug,1,1\n",
    )  # fmt: skip
    text = FLAT + (
        "rules:\n"
        "  - {kind: return, when: {field: order_id, prefix: r}}\n"
        "  - {kind: stock_movement, when: {field: quantity, sign: not_positive}}\n"
        "  - {kind: gift, when: {field: unit_price, sign: zero}}\n"
        "  - {kind: test, when: {field: order_id, prefix: T}, note: a test}\n"
    )
    apply(connection, tmp_path, text)
    assert rows(connection, "select order_id, line_kind from raw.ledger_lines") == [
        ("1", "sale"), ("R1", "return"), ("2", "stock_movement"), ("3", "gift"), ("T9", "sale"),
    ]  # fmt: skip
    assert rows(
        connection, "select order_id, invalid_reason from raw.orders order by order_id"
    ) == [("1", None), ("3", "gifts only"), ("T9", "a test")]
    assert rows(
        connection, "select return_id, order_id, quantity, returned_amount, origin from raw.returns"
    ) == [("R1", None, Decimal("1"), Decimal("3.50"), "line")]


def test_a_status_that_nobody_listed_is_not_valid_and_said(connection, tmp_path):
    write(
        tmp_path, "sales.csv",
        HEADER.replace("product", "state") + "1,2024-05-01,a,Paid,1,1\n2,2024-05-01,b,open,1,1\n"
        "3,2024-05-01,c,weird,1,1\n",
    )  # fmt: skip
    text = FLAT.replace("product_id: product, ", "").replace(
        "customer_id: customer}", "customer_id: customer, status: state}\n"
        "  statuses: {valid: paid, not_valid: open}",
    )  # fmt: skip
    apply(connection, tmp_path, text)
    assert rows(connection, "select invalid_reason from raw.orders order by order_id") == [
        (None,), ("status open",), ("status weird, which the mapping does not list",),
    ]  # fmt: skip
    assert ("unlisted_statuses", 1) in rows(
        connection, "select finding_id, finding_count from raw.findings"
    )


def test_kinds_of_products_come_from_codes_a_file_and_prefixes_in_this_order(connection, tmp_path):
    write(tmp_path, "kinds.csv", "product_id,product_kind\ngift-9,Sample\nbag,packaging\n")
    products = ["mug", "POST", "gift-1", "gift-9", "bag"]
    write(
        tmp_path, "sales.csv",
        HEADER + "".join(f"{n},2024-05-01,anna,{name},1,1\n" for n, name in enumerate(products)),
    )  # fmt: skip
    text = FLAT + (
        "products:\n  kinds_file: kinds.csv\n  kinds:\n    - {kind: shipping, codes: post}\n"
        "    - {kind: voucher, prefixes: GIFT}\n"
    )
    apply(connection, tmp_path, text)
    assert dict(rows(connection, "select product_id, product_kind from raw.products")) == {
        "mug": "merchandise", "POST": "shipping", "gift-1": "voucher", "gift-9": "sample",
        "bag": "packaging",
    }  # fmt: skip


def test_the_most_frequent_name_is_taken_and_ties_go_by_the_alphabet(connection, tmp_path):
    header = HEADER.replace("product", "product,name")
    names = [" Red  mug", "Red mug ", "Blue mug", "Cup", "Bowl"]
    codes = ["m", "m", "m", "c", "c"]
    write(
        tmp_path, "sales.csv",
        header + "".join(f"{n},2024-05-01,anna,{code},{name},1,1\n"
                         for n, (code, name) in enumerate(zip(codes, names, strict=True))),
    )  # fmt: skip
    apply(
        connection, tmp_path,
        FLAT.replace("product_id: product", "product_id: product, product_name: name"),
    )  # fmt: skip
    assert rows(connection, "select product_id, product_name from raw.products") == [
        ("c", "Bowl"), ("m", "Red mug"),
    ]  # fmt: skip


# -- findings -------------------------------------------------------------------------------------


def test_a_finding_has_up_to_five_examples(connection, tmp_path):
    body = "".join(f"{number},2024-05-01,,mug,1,0\n" for number in range(1, 8))
    write(tmp_path, "sales.csv", ONE.replace("anna", "") + body)
    apply(connection, tmp_path)
    findings = {
        name: (count, examples)
        for name, count, examples in rows(
            connection, "select finding_id, finding_count, examples from raw.findings"
        )
    }
    assert findings["lines_of_price_zero"] == (
        7, "1 (mug), 2 (mug), 3 (mug), 4 (mug), 5 (mug)",
    )  # fmt: skip
    assert findings["summed_lines"] == (1, "1 (mug)")
    assert findings["guest_orders"] == (7, "1, 2, 3, 4, 5")


def test_the_largest_differences_of_totals_are_the_examples(connection, tmp_path):
    text = FLAT.replace("order_id: order,", "order_id: order, total_amount: total,")
    lines = "".join(f"{n},2024-05-01,anna,mug,1,10,{10 + n}\n" for n in range(1, 8))
    write(tmp_path, "sales.csv", HEADER.replace("price\n", "price,total\n") + lines)
    apply(connection, tmp_path, text)
    assert rows(
        connection,
        "select finding_count, finding_amount, examples from raw.findings "
        "where finding_id = 'total_differences'",
    ) == [(7, Decimal("28.00"), "7 (7.00), 6 (6.00), 5 (5.00), 4 (4.00), 3 (3.00)")]


def test_rejected_rows_are_exemplified_by_file_and_line(connection, tmp_path):
    write(tmp_path, "sales.csv", ONE + "2,2024-05-02,bob,mug,many,1\n")
    apply(connection, tmp_path, max_rejected_rows=1)
    assert rows(
        connection,
        "select finding_count, examples from raw.findings where finding_id = 'rejected_bad_value'",
    ) == [(1, "sales.csv, line 3")]


def test_a_refund_that_nothing_dates_keeps_no_moment_and_is_said(connection, tmp_path):
    write(tmp_path, "sales.csv", HEADER.replace("price\n", "price,back\n")
          + "1,2024-05-01,anna,mug,2,3.50,2.00\n")  # fmt: skip
    apply(
        connection, tmp_path,
        FLAT.replace("order_id: order,", "order_id: order, refunded_amount: back,"),
    )  # fmt: skip
    assert rows(connection, "select returned_amount, returned_at from raw.returns") == [
        (Decimal("2.00"), None)
    ]
    assert rows(
        connection,
        "select finding_count, finding_amount, examples from raw.findings "
        "where finding_id = 'returns_without_moment'",
    ) == [(1, Decimal("2.00"), "1")]


# -- presets --------------------------------------------------------------------------------------


def write_rows(path: Path, table: list[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in table for name in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(table)


def shopify_line(name, quantity, price, sku, title, **rest):
    line = {
        "Name": name, "Lineitem quantity": str(quantity), "Lineitem price": price,
        "Lineitem sku": sku, "Lineitem name": title,
    }  # fmt: skip
    return {**line, **rest}


def preset_for(name: str, header: list[str], **changes: object):
    """A preset without the columns that a file lacks, as `init` writes it."""
    return fit_preset(find_preset(name), {next(iter(find_preset(name).signs)): [header]}, changes)


def test_a_shopify_export_is_filled_down_and_adds_up(connection, tmp_path):
    first = {
        "Email": "Anna@Example.com", "Financial Status": "paid", "Currency": "EUR",
        "Created at": "2024-03-31 00:30:00 +0100", "Subtotal": "25.00", "Shipping": "4.90",
        "Taxes": "0.00", "Total": "29.90", "Discount Amount": "5.00", "Refunded Amount": "10.00",
        "Shipping Zip": "'01113", "Lineitem discount": "0.00",
    }  # fmt: skip
    table = [
        shopify_line("#1", 2, "10.00", "MUG", "Mug", Id="9001", **first),
        shopify_line("#1", 1, "10.00", "", "Sticker"),
        # The same name once more, of another store, is another order.
        shopify_line(
            "#1", 1, "10.00", "MUG", "Mug", Id="9002",
            **{**first, "Email": "", "Financial Status": "voided", "Subtotal": "10.00",
               "Discount Amount": "0.00", "Total": "14.90", "Refunded Amount": "0.00"},
        ),
    ]  # fmt: skip
    write_rows(tmp_path / "orders_export_1.csv", table)
    names = list(dict.fromkeys(name for row in table for name in row))
    apply_mapping(connection, tmp_path, preset_for("shopify", names, time_zone="Europe/Berlin"))
    orders = rows(
        connection,
        "select order_id, ordered_at, is_valid_order, invalid_reason, item_amount, postal_code, "
        "total_difference_amount, customer_id is null from raw.orders order by order_id",
    )
    moment = datetime(2024, 3, 31, 0, 30)
    assert orders == [
        ("9001", moment, True, None, Decimal("30.00"), "01113", Decimal("0.00"), False),
        ("9002", moment, False, "status voided", Decimal("10.00"), "01113", Decimal("0.00"), True),
    ]
    assert rows(connection, "select product_id from raw.order_lines where order_id = '9001'") == [
        ("MUG",), ("Sticker",),
    ]  # fmt: skip
    assert rows(connection, "select order_id, returned_amount, origin from raw.returns") == [
        ("9001", Decimal("10.00"), "order_refund")
    ]


def test_a_woocommerce_export_counts_each_orders_sums_once(connection, tmp_path):
    order = {
        "order_id": "70", "date": "2024-03-01 10:00:00", "status": "completed",
        "shipping_total": "5", "tax_total": "4.75", "discount_total": "3", "order_total": "34.75",
        "refunded_total": "12", "order_currency": "EUR", "customer_id": "0",
        "billing_email": "anna@example.com",
    }  # fmt: skip
    table = [
        {**order, "item_sku": "MUG", "item_name": "Mug", "item_quantity": "2", "item_total": "20",
         "item_refunded": "10", "item_refunded_qty": "-1"},
        {**order, "item_sku": "PIN", "item_name": "Pin", "item_quantity": "1", "item_total": "5",
         "item_refunded": "0", "item_refunded_qty": "0"},
    ]  # fmt: skip
    write_rows(tmp_path / "orders-export.csv", table)
    apply_mapping(connection, tmp_path, preset_for("woocommerce", list(table[0])))
    assert rows(
        connection,
        "select item_amount, total_amount, total_difference_amount, is_valid_order, "
        "customer_id is null from raw.orders",
    ) == [(Decimal("25.00"), Decimal("34.75"), Decimal("0.00"), True, False)]
    assert rows(
        connection, "select product_id, quantity, returned_amount, origin from raw.returns"
    ) == [
        ("MUG", Decimal("1"), Decimal("10.00"), "line_refund"),
        (None, None, Decimal("2.00"), "order_refund"),
    ]


def test_a_stripe_export_has_one_order_per_attempt_and_failed_ones_are_not_valid(
    connection, tmp_path
):
    table = [
        {"id": f"ch_{number}", "Created (UTC)": "2024-03-01 10:00", "Amount": amount,
         "Amount Refunded": refunded, "Currency": "eur", "Status": status,
         "Customer ID": customer, "Customer Email": "anna@example.com"}
        for number, (amount, refunded, status, customer) in enumerate(
            [("20.00", "0.00", "Paid", "cus_1"), ("20.00", "0.00", "Failed", ""),
             ("30.00", "30.00", "Refunded", "")]
        )
    ]  # fmt: skip
    write_rows(tmp_path / "unified_payments.csv", table)
    apply_mapping(connection, tmp_path, preset_for("stripe", list(table[0])))
    assert rows(
        connection,
        "select order_id, customer_id, is_valid_order, invalid_reason, total_amount, paid_amount "
        "from raw.orders",
    ) == [
        ("ch_0", "cus_1", True, None, Decimal("20.00"), Decimal("20.00")),
        ("ch_1", "cus_1", False, "status Failed", Decimal("20.00"), None),
        ("ch_2", "cus_1", True, None, Decimal("30.00"), Decimal("30.00")),
    ]
    assert rows(connection, "select order_id, returned_amount from raw.returns") == [
        ("ch_2", Decimal("30.00"))
    ]
    assert rows(connection, "select count(*) from raw.order_lines") == [(0,)]


def test_optional_tables_are_read_with_the_rest(connection, tmp_path):
    two_files(tmp_path, "1,2024-05-01,anna,,5\n", "1,mug,1,5\n")
    write(tmp_path, "pay.csv", "order,how,state,kind,amount\n1,card,ok,authorization,5\n"
          "1,card,ok,capture,5\n1,card,ok,refund,2\n")  # fmt: skip
    write(tmp_path, "products.csv", "code,title,group,kind\nmug, The  mug ,Kitchen,merchandise\n")
    write(tmp_path, "stars.csv", "order,stars\n1,5\n")
    write(tmp_path, "back.csv", "order,product,amount,day\n1,mug,-5,2024-05-09\n")
    write(tmp_path, "people.csv", "id,town\nanna,Dresden\n")
    write(tmp_path, "parcels.csv", "order,arrived\n1,2024-05-03\n")
    text = TWO_FILES.replace(
        "files:\n",
        "files:\n  payments: {path: pay.csv}\n  products: {path: products.csv}\n"
        "  reviews: {path: stars.csv}\n  returns: {path: back.csv}\n"
        "  customers: {path: people.csv}\n  shipments: {path: parcels.csv}\n",
    ) + (
        "payments:\n  columns: {order_id: order, payment_type: how, payment_status: state, "
        "transaction_kind: kind, paid_amount: amount}\n  counted_kinds: [sale, capture]\n"
        "  refund_kinds: refund\n"
        "products: {columns: {product_id: code, product_name: title, category_name: group, "
        "product_kind: kind}}\n"
        "reviews: {columns: {order_id: order, review_score: stars}}\n"
        "returns: {columns: {order_id: order, product_id: product, returned_amount: amount, "
        "returned_at: day}}\n"
        "customers: {columns: {customer_id: id, city: town}}\n"
        "shipments: {columns: {order_id: order, delivered_at: arrived}}\n"
    )
    apply(connection, tmp_path, text)
    assert rows(connection, "select paid_amount from raw.orders") == [(Decimal("5.00"),)]
    paid = "select is_counted, paid_amount, refunded_amount from raw.payments"
    assert rows(connection, paid) == [
        (False, Decimal("5.00"), None), (True, Decimal("5.00"), None),
        (False, Decimal("0.00"), Decimal("2.00")),
    ]  # fmt: skip
    assert rows(connection, "select product_name, category_name from raw.products") == [
        ("The mug", "Kitchen")
    ]
    assert rows(connection, "select review_score from raw.reviews") == [(5,)]
    assert rows(
        connection, "select order_id, customer_id, returned_amount, origin from raw.returns"
    ) == [("1", "anna", Decimal("5.00"), "file")]
    assert rows(connection, "select * from raw.customers") == [
        ("anna", None, "Dresden", None, None)
    ]
    assert rows(connection, "select delivered_at from raw.shipments") == [(datetime(2024, 5, 3),)]


# -- properties -----------------------------------------------------------------------------------

line = st.tuples(
    st.integers(1, 6),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["mug", "pin", "Pin "]),
    st.integers(-3, 5),
    st.integers(0, 9_999),
)


@given(st.lists(line, min_size=1, max_size=40), st.sampled_from(["summed", "kept"]))
@settings(max_examples=15, deadline=None)
def test_money_is_conserved_from_the_file_to_every_table(tmp_path_factory, lines, duplicates):
    folder = tmp_path_factory.mktemp("shop")
    lines = [*lines, (99, "z", "mug", 1, 100)]
    body = "".join(
        f"{order},2024-05-01,{customer},{product},{pieces},{cents / 100}\n"
        for order, customer, product, pieces, cents in lines
    )
    write(folder, "sales.csv", HEADER + body)
    text = FLAT.replace("lines:\n  columns", f"lines:\n  duplicates: {duplicates}\n  columns") + (
        "rules:\n  - {kind: return, when: {field: quantity, sign: negative}}\n"
        "  - {kind: stock_movement, when: {field: quantity, sign: zero}}\n"
    )
    total = sum(Decimal(pieces * cents) / 100 for _, _, _, pieces, cents in lines)
    with duckdb.connect() as opened:
        apply(opened, folder, text)
        assert rows(opened, "select count(*), sum(line_amount) from raw.ledger_lines") == [
            (len(lines), total)
        ]
        ((sold, ordered, returned),) = rows(
            opened,
            "select (select sum(item_amount) from raw.order_lines), "
            "(select sum(item_amount) from raw.orders), "
            "(select coalesce(sum(returned_amount), 0) from raw.returns)",
        )
        assert sold == ordered
        assert sold - returned == total


@given(st.lists(st.text("ab,\"'\n\r;é ", max_size=8), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_texts_of_any_kind_come_through_with_their_lines(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("shop")
    names = [name.replace("\r", "") for name in names]
    with (folder / "sales.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER.strip().split(","))
        for number, name in enumerate(names):
            writer.writerow([f"o{number}", "2024-05-01", "anna", name, 1, 1])
        writer.writerow(["last", "2024-05-01", "anna", "x", "many", 1])
    with duckdb.connect() as opened:
        apply(opened, folder, max_rejected_rows=1)
        products = rows(opened, "select product_id from raw.ledger_lines order by row_number")
        assert [value for (value,) in products] == [
            name.strip(" \t\r\n\u00a0") or None for name in names
        ]
        expected = 2 + len(names) + sum(name.count("\n") for name in names)
        assert rows(opened, "select line_number from raw.rejected") == [(expected,)]

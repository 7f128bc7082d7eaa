"""A key that names nobody, or that a spreadsheet has changed, does not pass without a word."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import InputError
from orchestration.loading.keys import KEY_ROLES, doubt_sql
from orchestration.loading.load import load_raw_files
from orchestration.loading.tables import RawTable, source_tables

COLUMNS = ("order_customer", "person", "zip", "state", "note")
CUSTOMERS = RawTable(
    "customers",
    "customers",
    dict.fromkeys(COLUMNS, "VARCHAR"),
    {
        "order_customer_key": "order_customer",
        "person_key": "person",
        "postal_code": "zip",
        "state": "state",
    },
)
GOOD = ["k1", "p1", "01113", "SP", "olá"]
NULL_WORDS = [
    "nan", "NaN", "NULL", "null", "None", "\\N", "N/A", "n/a", "#N/A", "#REF!", "-", "--", "?",
    "undefined", "<NA>", "(null)", "[NULL]", "nil", "NaT", "####", "*", "n.a.", "missing",
    "#N/D", "#NV", "#VALOR!", "#¿NOMBRE?", "[object Object]",
    "undefined undefined",
    "null null", "null,null",
     "não informado", "NAO INFORMADO", "DBNull", "\uff4e\uff55\uff4c\uff4c",
    "“null”",
     "«n/a»", "nu\u200bll",
    "not_provided", "sem e-mail", "keine Angabe",
]  # fmt: skip
PLACEHOLDERS = [
    "guest", "Guest", "GUEST ", "unknown", "Anonymous", "test", "guest_user", "Walk-In Customer",
    "guest@shop.com", "no-reply@shop.com", "deleted", "xxx", "-1", "consumidor final",
    "d41d8cd98f00b204e9800998ecf8427e", "99999999999", "11111111111", "111-111-111",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "“guest”", "guest1", "Guest_12", "anonymous 7", "\uff47\uff55\uff45\uff53\uff54",
    "undefined@undefined", "null@null.com", "NA@nan.com", "anônimo",
]  # fmt: skip
ZEROS = [
    "0",
    "000",
    "0.0",
    "00000000-0000-0000-0000-000000000000",
    "{00000000-0000-0000-0000-000000000000}",
]
SHORTENED = ["1.23457E+31", "1,23457E+31", "4.5e7", "1E+05", "87634.0", "1.000"]
DRESSED = ['="01113"', "'01113", '= "01113"', "  01113", "01113\t", "\ufeff01113", "01113\u00a0"]
FINE = [
    "0010a452c6d13139e50b57f19f52e04e", "1234e567", "12e5", "anna.bell@shop.com", "10", "100",
    "550e8400-e29b-41d4-a716-446655440000", "guesthouse@x.com", "Ana Maria", "ñandú", "日本",
    "testa", "nancy", "e-1", "C0", "nullarbor", "+55 11 91234-5678", "a+b@x.com",
    "na@company.com", "Nan@x.com", "12E-10", "1E-5", "99999", "1111",
    "deadbeef", "guest-7f3a9c", "guest123456", "#1001", "no one else", "A-1111-2",
]  # fmt: skip


def doubted(role: str, values: list[str | None]) -> list[str | None]:
    """Those of the values that are doubted in a column of this role."""
    query = (
        f"select v from (select unnest(?::varchar[]) as v) where {doubt_sql('v', role)} is not null"
    )
    return [value for (value,) in duckdb.execute(query, [values]).fetchall()]


@pytest.mark.parametrize("role", sorted(KEY_ROLES))
def test_no_key_of_any_kind_may_be_empty_a_word_for_nothing_or_what_a_spreadsheet_made(role):
    values = [None, *NULL_WORDS, *SHORTENED, *DRESSED]
    assert doubted(role, values) == values


def test_nobody_may_be_a_placeholder():
    assert doubted("person_key", [*PLACEHOLDERS, *ZEROS]) == [*PLACEHOLDERS, *ZEROS]
    assert doubted("order_customer_key", PLACEHOLDERS) == PLACEHOLDERS
    # An order or a product may be number 0, or called "test".
    assert doubted("order_key", [*ZEROS[:2], "test"]) == []
    assert doubted("product_key", [*ZEROS[:2], "unknown"]) == []


@pytest.mark.parametrize("role", sorted(KEY_ROLES))
def test_what_names_somebody_is_not_doubted(role):
    assert doubted(role, FINE) == []


def test_a_product_or_a_seller_may_be_called_by_a_word_that_names_no_person():
    words = ["NA", "void", "Leer", "empty"]
    assert doubted("seller_key", words) == []
    assert doubted("product_key", words) == []
    assert doubted("person_key", words) == words


def test_postal_codes_and_states_may_be_missing_but_not_in_spreadsheet_dress():
    assert doubted("postal_code", [None, "01113", "1113", "SW1A 1AA", "unknown"]) == []
    assert doubted("postal_code", DRESSED) == DRESSED
    assert doubted("postal_code", ["87634.0", "8.7634E+4"]) == ["87634.0", "8.7634E+4"]
    assert doubted("state", [None, "SP", "sp", " SP"]) == []
    assert doubted("state", ['="SP"', "'SP"]) == ['="SP"', "'SP"]


def test_the_sources_say_which_columns_are_keys():
    roles = {table.name: table.roles for table in source_tables()}
    assert roles["customers"]["person_key"] == "customer_unique_id"
    assert roles["orders"]["order_customer_key"] == roles["customers"]["order_customer_key"]
    assert {name for name, of in roles.items() if "order_key" in of} == {
        "orders", "order_items", "order_payments", "order_reviews"
    }  # fmt: skip


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def write(folder: Path, rows: list[list[str]], suffix: str) -> None:
    folder.mkdir(exist_ok=True)
    if suffix == ".parquet":
        columns = [list(column) for column in zip(*rows, strict=True)]
        pq.write_table(pa.table(columns, names=COLUMNS), folder / "customers.parquet")
    else:
        lines = [",".join(map(quoted, row)) for row in [list(COLUMNS), *rows]]
        (folder / "customers.csv").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(("suffix", "unit", "first"), [(".csv", "line", 3), (".parquet", "row", 2)])
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("person", "nan", "'nan' is no key but a word for nothing"),
        ("person", "Guest", "'Guest' names nobody"),
        ("person", "1.23457E+31", "'1.23457E+31' is a number that a spreadsheet has shortened"),
        ("person", "", "a key is missing here"),
        ("order_customer", "k2 ", "'k2 ' begins or ends with a blank"),
        ("zip", '="01113"', "'=\"01113\"' is a code in spreadsheet dress"),
        ("zip", "87634.0", "'87634.0' is a code that was made a number"),
    ],
)
def test_a_bad_key_is_named_with_its_place_or_set_aside(
    tmp_path, suffix, unit, first, column, value, said
):
    bad = list(GOOD)
    bad[COLUMNS.index(column)] = value
    write(tmp_path, [GOOD, bad, GOOD, bad], suffix)
    connection = duckdb.connect()
    with pytest.raises(InputError) as caught:
        load_raw_files(connection, tmp_path, tables=(CUSTOMERS,))
    assert f"customers{suffix}, {unit} {first}, column {column}: {said}" in str(caught.value)
    assert "--max-rejected-rows 2" in str(caught.value)
    load_raw_files(connection, tmp_path, tables=(CUSTOMERS,), max_rejected_rows=2)
    assert connection.execute("select * from raw.customers").fetchall() == [tuple(GOOD)] * 2
    found = connection.execute(
        "select line_number, column_name, coalesce(rejected_value, '') from raw.rejected_rows"
    ).fetchall()
    assert found == [(first, column, value), (first + 2, column, value)]


def test_text_that_is_no_key_may_say_anything(tmp_path):
    rows = [[*GOOD[:4], text] for text in ("nan", "NULL", "guest", "'x", "1.5E+3", " ")]
    write(tmp_path, rows, ".csv")
    connection = duckdb.connect()
    load_raw_files(connection, tmp_path, tables=(CUSTOMERS,))
    found = connection.execute("select note from raw.customers").fetchall()
    assert [note for (note,) in found] == [row[4] for row in rows]

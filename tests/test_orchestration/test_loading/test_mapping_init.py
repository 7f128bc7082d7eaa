"""`regulars init` recognises what it knows, guesses the rest with a reason, and never asks."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.errors import InputError, RegularsError
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.guess_time_zone import _zones
from orchestration.loading.mapping.looking import guess_mapping
from orchestration.loading.mapping.optional_tables import table_of
from orchestration.loading.mapping.presets import PRESET_NAMES, find_preset
from orchestration.loading.mapping.profile import Looked, look_at_folder
from orchestration.loading.mapping.read import parse_mapping, read_mapping
from orchestration.loading.mapping.writing import write_mapping

GERMAN = (
    "Bestellnummer;Bestelldatum;Kundennr;Artikelnummer;Bezeichnung;Menge;Einzelpreis\n"
    "1;01.05.2024;7;A1;Töpfe;2;1.003,50\n2;02.05.2024;8;A2;Tasse;-1;3,00\n"
    "3;25.05.2024;8;A3;Probe;1;0,00\n"
)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_a_written_mapping_is_read_back_as_the_same(name):
    mapping = find_preset(name).mapping
    assert parse_mapping(write_mapping(mapping, head=["a head"])) == mapping


@pytest.mark.parametrize(
    ("preset", "header", "row"),
    [
        ("shopify", "Name,Financial Status,Created at,Lineitem quantity,Lineitem price,Lineitem "
         "name,Email,Currency", "#1,paid,2024-05-01 10:00:00 +0200,1,5,Mug,a@b.com,USD"),
        ("woocommerce", "order_id,date,status,order_total,item_quantity,item_total,billing_email,"
         "order_currency", "1,2024-05-01 10:00:00,completed,5,1,5,a@b.com,USD"),
        ("stripe", "id,Created (UTC),Amount,Amount Refunded,Status,Currency,Customer Email",
         "ch_1,2024-05-01 10:00,5,0,Paid,usd,a@b.com"),
        ("flat_lines", "order_id,order_date,customer_id,quantity,unit_price,currency",
         "1,2024-05-01,7,1,5,USD"),
    ],
)  # fmt: skip
def test_a_preset_is_recognised_by_its_columns_and_can_be_applied(tmp_path, preset, header, row):
    write(tmp_path, "export.csv", f"{header}\n{row}\n")
    guess = guess_mapping(tmp_path)
    assert guess.preset == preset
    assert guess.mapping.currency == "USD"
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, guess.mapping)
        assert connection.execute("select is_valid_order from raw.orders").fetchall() == [(True,)]


def test_the_other_names_of_the_second_year_are_recognised_too(tmp_path):
    write(
        tmp_path, "year.csv",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489434,85048,BALL,12,12/1/2009 7:45,6.95,13085,UK\n"
        "489435,85048,BALL,12,12/1/2009 17:45,6.95,13085,UK\n"
        "489436,85048,BALL,12,12/31/2009 7:45,6.95,13085,UK\n",
    )  # fmt: skip
    guess = guess_mapping(tmp_path)
    assert guess.preset == "online_retail"
    assert guess.mapping.date_formats[0] == "%m/%d/%Y %H:%M"
    assert guess.mapping.columns_of("orders")["customer_id"] == ("Customer ID",)


def test_a_shop_of_another_country_is_guessed_field_by_field(tmp_path):
    write(tmp_path, "Verkäufe.csv", GERMAN, "windows-1252")
    guess = guess_mapping(tmp_path)
    mapping = guess.mapping
    assert guess.preset is None
    assert mapping.files.lines is not None
    assert (mapping.files.lines.delimiter, mapping.files.lines.encoding) == (";", "windows-1252")
    assert (mapping.decimal_mark, mapping.thousands_mark) == (",", ".")
    assert mapping.date_formats == ("%d.%m.%Y",)
    assert mapping.columns_of("orders") == {
        "order_id": ("Bestellnummer",), "ordered_at": ("Bestelldatum",),
        "customer_id": ("Kundennr",),
    }  # fmt: skip
    assert [rule.kind for rule in mapping.rules] == ["return", "gift"]
    assert "order_id: Bestellnummer # 0.8" in guess.text
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, mapping)


def test_a_day_that_could_be_a_month_is_said_with_what_was_taken(tmp_path):
    write(
        tmp_path, "sales.csv",
        "order id,date,customer,quantity,price\n1,01/05/2024,a,1,1\n2,02/05/2024,a,1,1\n"
        "3,03/04/2024,a,1,1\n",
    )  # fmt: skip
    guess = guess_mapping(tmp_path)
    assert any("day and month could change places" in note for note in guess.unsure)


def test_the_order_of_the_rows_tells_the_day_from_the_month(tmp_path):
    dates = ["01/03/2024", "02/01/2024", "02/11/2024", "03/02/2024", "04/01/2024"]
    body = "".join(f"{number},{day},a,1,1\n" for number, day in enumerate(dates))
    write(tmp_path, "sales.csv", f"order id,date,customer,quantity,price\n{body}")
    assert guess_mapping(tmp_path).mapping.date_formats == ("%m/%d/%Y",)


def test_what_cannot_be_guessed_gets_a_placeholder_and_a_warning(tmp_path):
    write(tmp_path, "sales.csv", "x,y\n1,2\n")
    guess = guess_mapping(tmp_path)
    assert "orders.columns.order_id: no column looks like it; put its name in place of ?." in (
        guess.unsure
    )
    with duckdb.connect() as connection, pytest.raises(InputError, match="is '\\?', but no such"):
        apply_mapping(connection, tmp_path, guess.mapping)


def test_orders_and_lines_in_two_files_are_found(tmp_path):
    write(tmp_path, "heads.csv", "Order No;Placed at;E-Mail\n1;2024-05-01;a@b.com\n")
    write(tmp_path, "rows.csv", "Order No;SKU;Qty;Price\n1;mug;2;3.5\n")
    guess = guess_mapping(tmp_path)
    assert guess.mapping.layout == "orders_and_lines"
    assert guess.files == {"orders": ["heads.csv"], "lines": ["rows.csv"]}


def test_several_files_of_a_kind_are_read_together_and_others_are_said(tmp_path):
    text = "order_id,order_date,customer_id,quantity,unit_price\n1,2024-05-01,7,1,5\n"
    write(tmp_path, "orders-2024.csv", text)
    write(tmp_path, "orders-2025.csv", text)
    write(tmp_path, "notes.csv", "a,b\n1,2\n")
    guess = guess_mapping(tmp_path)
    assert guess.mapping.files.lines is not None
    assert guess.mapping.files.lines.path == "orders-202*.csv"
    assert any(note.startswith("notes.csv is not read") for note in guess.unsure)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no data files"):
        guess_mapping(tmp_path)


def test_the_command_writes_the_mapping_and_says_what_is_unsure(tmp_path, monkeypatch):
    monkeypatch.delenv("REGULARS_SHOP", raising=False)
    write(tmp_path, "sales.csv", GERMAN)
    result = CliRunner().invoke(app, ["init", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Not certain, so look at it:" in result.output
    assert "time_zone: no file states it; UTC is taken." in result.output
    assert read_mapping(tmp_path / "shop.yml").layout == "flat_lines"


def test_the_command_writes_over_nothing_unless_forced(tmp_path, monkeypatch):
    monkeypatch.delenv("REGULARS_SHOP", raising=False)
    write(tmp_path, "sales.csv", GERMAN)
    write(tmp_path, "shop.yml", "mine\n")
    with pytest.raises(RegularsError, match="write over it with --force"):
        CliRunner().invoke(app, ["init", str(tmp_path)], catch_exceptions=False)
    assert (tmp_path / "shop.yml").read_text() == "mine\n"
    CliRunner().invoke(app, ["init", str(tmp_path), "--force"], catch_exceptions=False)
    assert read_mapping(tmp_path / "shop.yml")


def test_the_mapping_goes_where_the_option_or_the_variable_says(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    write(data, "sales.csv", GERMAN)
    monkeypatch.setenv("REGULARS_SHOP", str(tmp_path / "variable.yml"))
    CliRunner().invoke(app, ["init", str(data)], catch_exceptions=False)
    out = tmp_path / "option.yml"
    CliRunner().invoke(app, ["init", str(data), "--out", str(out)], catch_exceptions=False)
    assert (tmp_path / "variable.yml").exists()
    assert out.exists()
    assert not (data / "shop.yml").exists()


SHOPIFY = (
    "Name,Financial Status,Created at,Lineitem quantity,Lineitem price,Lineitem name,Email,"
    "Currency\n"
)


def time_zone_of(folder, currency, *moments):
    rows = "".join(f"#{n},paid,{moment},1,5,Mug,a@b.com,{currency}\n"
                   for n, moment in enumerate(moments))  # fmt: skip
    write(folder, "orders_export.csv", SHOPIFY + rows)
    guess = guess_mapping(folder)
    assert sum(note.startswith("time_zone: ") for note in guess.unsure) == 1
    return guess.mapping.time_zone


@pytest.mark.parametrize(
    ("currency", "winter", "summer", "expected"),
    [
        ("EUR", "+0100", "+0200", "Europe/Berlin"),
        ("USD", "-0500", "-0400", "America/New_York"),
        ("USD", "-0700", "-0700", "America/Phoenix"),
        ("AUD", "+1100", "+1000", "Australia/Sydney"),
        ("INR", "+0530", "+0530", "Asia/Kolkata"),
        # The currency of another country than the shop's: the offsets decide.
        ("USD", "+0900", "+0900", "Asia/Tokyo"),
        ("GBP", "+0000", "+0100", "Europe/London"),
        ("GBP", "+0000", "+0000", "UTC"),
        # Offsets of no zone at all, such as those of the buyers.
        ("EUR", "+0200", "-0500", "UTC"),
    ],
)
def test_the_offsets_of_the_moments_tell_the_time_zone(
    tmp_path, currency, winter, summer, expected
):
    moments = (f"2024-01-15 10:00:00 {winter}", f"2024-07-15 10:00:00 {summer}")
    assert time_zone_of(tmp_path, currency, *moments) == expected


def test_moments_without_an_offset_are_kept_and_utc_is_said(tmp_path):
    assert time_zone_of(tmp_path, "EUR", "2024-01-15 10:00:00", "2024-07-15 10:00:00") == "UTC"


def test_every_zone_of_the_list_is_known_to_this_machine():
    zones = [zone for zones in _zones().values() for zone in zones]
    assert set(zones) <= zoneinfo.available_timezones()
    assert len(zones) == len(set(zones))


LINES = (
    "order id,date,customer,quantity,price,shipping,tax,total\n"
    "1,2024-05-01,a,2,10.00,5.00,{tax},{first}\n2,2024-05-02,b,1,10.00,0,1.60,{second}\n"
)


@pytest.mark.parametrize(
    ("first", "second", "expected"), [("25.00", "10.00", True), ("28.19", "11.60", False)]
)
def test_the_totals_tell_whether_prices_include_the_tax(tmp_path, first, second, expected):
    write(tmp_path, "sales.csv", LINES.format(tax="3.19", first=first, second=second))
    guess = guess_mapping(tmp_path)
    assert guess.mapping.money.prices_include_tax is expected
    assert any("the totals of 100 % of 2 orders equal their parts" in note for note in guess.unsure)


def test_totals_tell_a_price_of_the_line_from_one_of_the_piece(tmp_path):
    write(
        tmp_path, "sales.csv",
        "order id,date,customer,quantity,price,total\n1,2024-05-01,a,2,20.00,20.00\n"
        "2,2024-05-02,b,3,9.00,9.00\n3,2024-05-03,b,1,0.00,0.00\n",
    )  # fmt: skip
    mapping = guess_mapping(tmp_path).mapping
    assert mapping.money.line_price == "line_total"
    assert mapping.columns_of("lines") == {"quantity": ("quantity",), "line_total": ("price",)}
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, mapping)
        assert connection.execute(
            "select sum(item_amount), sum(total_difference_amount) from raw.orders"
        ).fetchall() == [(29, 0)]  # fmt: skip


OPTIONAL = {
    "auftraege.csv": "Bestellnummer,Bestelldatum,Kundennr\n1,2024-05-01,7\n2,2024-05-02,8\n",
    "buchungen.csv": "Bestellnummer,Artikelnummer,Menge,Einzelpreis\n1,A1,2,3.50\n2,A2,1,3.00\n",
    "a_payments.csv": "payment id,order,method,status,amount,kind\n"
    "p1,1,card,paid,7.00,authorization\np2,1,card,paid,7.00,capture\n"
    "p3,2,card,failed,3.00,sale\np4,2,card,paid,1.00,refund\n",
    "katalog.csv": "Artikelnummer,Bezeichnung,Warengruppe\nA1,Tasse,Becher\nA2,Topf,Garten\n",
    "kunden.csv": "Kundennr,Ort,PLZ\n7,Dresden,01113\n8,Leipzig,04109\n",
    "noten.csv": "Bestellnummer,Sterne,Datum\n1,5,2024-05-09\n2,3,2024-05-10\n",
    "pakete.csv": "order id,shipped at,delivered at\n1,03.05.2024,14.05.2024\n",
    "back.csv": "rma,order,sku,qty,refund amount,refund date\nr1,1,A1,1,3.50,2024-05-20\n",
    "notes.csv": "a,b\n1,2\n",
}


def test_files_of_optional_tables_are_found_by_their_columns(tmp_path):
    for name, text in OPTIONAL.items():
        write(tmp_path, name, text)
    guess = guess_mapping(tmp_path)
    assert guess.files == {
        "orders": ["auftraege.csv"], "lines": ["buchungen.csv"], "payments": ["a_payments.csv"],
        "products": ["katalog.csv"], "customers": ["kunden.csv"], "reviews": ["noten.csv"],
        "shipments": ["pakete.csv"], "returns": ["back.csv"],
    }  # fmt: skip
    assert [note for note in guess.unsure if "is not read" in note] == [
        "notes.csv is not read; add it below files, if it belongs to the shop."
    ]
    assert any(note.startswith("files.reviews: noten.csv is taken for") for note in guess.unsure)
    payments = guess.mapping.payments
    assert payments is not None
    assert (payments.counted_statuses, payments.counted_kinds, payments.refund_kinds) == (
        ("paid",), ("capture", "sale"), ("refund",),
    )  # fmt: skip
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, guess.mapping)
        assert connection.execute("select sum(paid_amount) from raw.orders").fetchall() == [(7,)]
        assert connection.execute(
            "select product_name, category_name from raw.products order by 1"
        ).fetchall() == [("Tasse", "Becher"), ("Topf", "Garten")]
        assert connection.execute("select customer_id, postal_code, city from raw.customers "
                                  "order by 1").fetchall() == [
            ("7", "01113", "Dresden"), ("8", "04109", "Leipzig"),
        ]  # fmt: skip
        for table, count in (("reviews", 2), ("shipments", 1), ("returns", 1)):
            assert connection.execute(f"select count(*) from raw.{table}").fetchall() == [(count,)]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("orders with a rating", "order id,order date,customer,rating,total"),
        ("orders with shipping dates", "order id,order date,email,shipped at,delivered at"),
        ("lines with a payment method", "order id,date,customer,sku,qty,price,payment method"),
        ("nothing of a shop", "x,y,z"),
        ("reviews that name no order", "review id,stars,text"),
    ],
)
def test_what_only_resembles_an_optional_table_is_none(tmp_path, name, header):
    count = header.count(",") + 1
    write(tmp_path, "file.csv", f"{header}\n{','.join(['1'] * count)}\n")
    with duckdb.connect() as connection:
        (looked,) = look_at_folder(connection, tmp_path)
    # Of one row only, dates and numbers are what their names say.
    columns = [replace(column, date_format="iso", email_count=1) for column in looked.columns]
    assert table_of(Looked(looked.source, columns)) is None, name


def test_a_preset_reads_the_marks_of_its_file(tmp_path):
    write(
        tmp_path, "unified_payments.csv",
        "id,Created (UTC),Amount,Amount Refunded,Status,Currency,Customer Email\n"
        'ch_1,2024-05-01 10:00,"1250,50","0,00",Paid,eur,a@b.com\n',
    )  # fmt: skip
    guess = guess_mapping(tmp_path)
    assert guess.mapping.decimal_mark == ","
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, guess.mapping)
        assert [str(amount) for (amount,) in connection.execute(
            "select total_amount from raw.orders").fetchall()] == ["1250.50"]  # fmt: skip

"""`regulars check` says in one screen what a mapping makes of a shop's files; it writes nothing."""

from __future__ import annotations

import csv
import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from preset_samples import WRITERS, write_sample
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.errors import InputError, RegularsError
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.looking import guess_mapping
from orchestration.loading.mapping.read import read_mapping
from orchestration.loading.mapping.understanding import understand
from orchestration.settings import Settings

ORDER_COUNT = 300
# One screen of a laptop's terminal, with a little scrolling for a shop that lacks much.
MAX_LINES, MAX_SIGNS = 60, 100


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in ("REGULARS_SHOP", "REGULARS_DATA_DIR", "REGULARS_MAX_REJECTED_ROWS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A sample of each preset with the mapping that `init` guessed, and what was understood."""
    by_preset = {}
    for preset in WRITERS:
        folder = tmp_path_factory.mktemp(preset)
        sample = write_sample(preset, folder, ORDER_COUNT, seed=11)
        (folder / "shop.yml").write_text(guess_mapping(folder).text, encoding="utf-8")
        mapping = read_mapping(folder / "shop.yml")
        with duckdb.connect() as connection:
            apply_mapping(connection, folder, mapping)
            by_preset[preset] = folder, sample, mapping, understand(connection, mapping)
    return by_preset


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Small samples with their mappings, and what `check` says of them; each made once."""
    made = {}

    def find(preset):
        if preset not in made:
            folder = tmp_path_factory.mktemp(f"small-{preset}")
            write_sample(preset, folder, 60, seed=5)
            (folder / "shop.yml").write_text(guess_mapping(folder).text, encoding="utf-8")
            made[preset] = folder, printed_by(check(folder))
        return made[preset]

    return find


@pytest.fixture
def broken(small, tmp_path):
    """A copy of a small sample, to be broken."""

    def copy(preset):
        return Path(shutil.copytree(small(preset)[0], tmp_path / "shop"))

    return copy


def check(folder, *options):
    return CliRunner().invoke(app, ["check", str(folder), *options])


def printed_by(result):
    """What was printed, its lines joined, and the sentence of the error behind it."""
    error = str(result.exception) if isinstance(result.exception, RegularsError) else ""
    return re.sub(r"\s+", " ", f"{result.output} {error}")


def change(path, alter, column=None, renamed=None):
    """Rewrite a CSV file: one row in place, or the name of a column."""
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        names, rows = list(reader.fieldnames), list(reader)
    alter(rows)
    header = [renamed if name == column else name for name in names]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([row[name] for name in names] for row in rows)


def set_value(place, column, value):
    def alter(rows):
        rows[place][column] = value

    return alter


def set_all(column, value):
    def alter(rows):
        for row in rows:
            row[column] = value(row)

    return alter


def make_lines_disagree(rows):
    """Another total on the first line of the first order that has two."""
    ids = [row["order_id"] for row in rows]
    place = next(number for number, order_id in enumerate(ids) if ids.count(order_id) > 1)
    rows[place]["order_total"] = "9999.00"


# -- what is understood is what was written -------------------------------------------------------


@pytest.mark.parametrize("preset", WRITERS)
def test_init_recognises_each_sample_and_check_counts_what_its_writer_counted(samples, preset):
    _, sample, mapping, understanding = samples[preset]
    assert mapping.preset == preset
    assert understanding.order_count == sample.order_count
    assert understanding.valid_count == sample.valid_count
    assert understanding.customer_count == len(sample.people)
    assert understanding.guest_order_count == sample.guest_order_count
    assert (understanding.first_ordered_at, understanding.last_ordered_at) == (
        min(sample.moments), max(sample.moments),
    )  # fmt: skip
    assert dict(understanding.line_kinds) == dict(sample.line_kinds)
    stated = {name: sums for name, sums in understanding.amounts.items() if sums[0] is not None}
    assert {name: all_orders for name, (all_orders, _) in stated.items()} == {
        name: Decimal(cents) / 100 for name, cents in sample.amounts.items()
    }
    assert {name: valid for name, (_, valid) in stated.items() if name != "refunds"} == {
        name: Decimal(cents) / 100
        for name, cents in sample.valid_amounts.items()
        if name != "refunds"
    }
    assert understanding.set_aside == []
    assert understanding.totals.share == 1.0
    assert understanding.findings == []
    assert len(understanding.examples) == 5


EVERYWHERE = {"places", "returns", "guests"}


@pytest.mark.parametrize(
    ("preset", "more"),
    [
        ("shopify", {"items", "products", "freight", "approvals"}),
        ("woocommerce", {"items", "products", "freight"}),
        ("stripe", {"payments", "return_dates"}),
        ("online_retail", {"items", "products", "return_dates"}),
        ("flat_lines", {"items", "products", "categories", "freight", "return_dates"}),
        (
            "orders_and_lines",
            {"items", "products", "categories", "freight", "payments", "reviews", "deliveries",
             "return_dates"},
        ),
    ],
)  # fmt: skip
def test_each_sample_has_the_capabilities_of_its_columns(samples, preset, more):
    understanding = samples[preset][-1]
    assert {
        name for name, has_it in understanding.capabilities.items() if has_it
    } == EVERYWHERE | more


@pytest.mark.parametrize("preset", WRITERS)
def test_the_command_prints_one_screen_without_contact_data_and_writes_nothing(samples, preset):
    folder, sample, *_ = samples[preset]
    before = {path: path.read_bytes() for path in folder.iterdir()}
    result = check(folder)
    assert result.exit_code == 0, printed_by(result)
    lines = result.output.splitlines()
    assert len(lines) <= MAX_LINES
    assert max(map(len, lines)) <= MAX_SIGNS
    assert f"{sample.order_count:,}, " in result.output
    assert "@example.com" not in result.output
    assert "+49170" not in result.output
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_examples_are_of_different_sorts_with_their_amount(tmp_path):
    (tmp_path / "sales.csv").write_text(
        "order_id,order_date,customer_id,status,discount_amount,quantity,unit_price\n"
        "1,2024-05-01,anna,paid,0,2,3.50\n2,2024-05-02,bob,paid,1.00,1,5.00\n"
        "3,2024-05-03,,paid,0,1,2.00\n4,2024-05-04,anna,cancelled,0,1,9.00\n"
        "5,2024-05-05,anna,paid,0,1,1.00\n"
    )
    (tmp_path / "shop.yml").write_text(guess_mapping(tmp_path).text)
    rows = [line.split() for line in check(tmp_path).output.splitlines()[-5:]]
    assert rows == [
        ["5", "anna", "2024-05-05", "00:00", "paid", "yes", "1.00", "0.00", "1.00"],
        ["2", "bob", "2024-05-02", "00:00", "paid", "yes", "5.00", "0.00", "4.00"],
        ["3", "guest", "2024-05-03", "00:00", "paid", "yes", "2.00", "0.00", "2.00"],
        ["4", "anna", "2024-05-04", "00:00", "cancelled", "status", "cancel…", "9.00", "0.00",
         "9.00"],
        ["1", "anna", "2024-05-01", "00:00", "paid", "yes", "7.00", "0.00", "7.00"],
    ]  # fmt: skip


# -- a broken sample of each preset ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "file", "alter", "expected"),
    [
        (
            "shopify", "orders_export_1.csv", set_value(2, "Lineitem price", "free"),
            "bad_value 1: 'free' is no number with the decimal mark '.' (orders_export_1.csv, "
            "line 4, column Lineitem price)",
        ),
        (
            "shopify", "orders_export_1.csv", set_value(0, "Financial Status", "in dispute"),
            "1 orders with a status that orders.statuses do not list, so they are not valid: "
            "in dispute",
        ),
        (
            "shopify", "orders_export_1.csv",
            set_all("Created at", lambda row: row["Created at"].replace("-", "/")),
            "no order is left; expected at least one.",
        ),
        (
            "woocommerce", "orders-export-2025-01-01.csv",
            set_all("item_total", lambda row: row["item_subtotal"]),
            "with money.order_discount: subtracted it would be 100 %",
        ),
        (
            "woocommerce", "orders-export-2025-01-01.csv",
            make_lines_disagree,
            "1 orders whose rows disagree about an amount or the customer; the first row counts",
        ),
        (
            "stripe", "unified_payments.csv", set_value(0, "Converted Currency", "usd"),
            "other_currency 1: the amounts are in usd, the shop's currency is EUR "
            "(unified_payments.csv, line 2, column Converted Currency)",
        ),
        (
            "stripe", "unified_payments.csv", set_value(1, "Created date (UTC)", ""),
            "missing_value 1: expected a value, found none (unified_payments.csv, line 3, "
            "column Created date (UTC))",
        ),
        (
            "online_retail", "online_retail_sample.csv", set_value(0, "Quantity", "-3"),
            "no_rule 1: the line has the quantity -3.000 and the price",
        ),
        (
            "flat_lines", "sales.csv",
            set_all("total_amount", lambda row: str(
                Decimal(row["total_amount"] or 0) + Decimal(row["tax_amount"] or 0))),
            "with money.prices_include_tax: false it would be 100 %",
        ),
        (
            "orders_and_lines", "order_lines.csv", set_value(4, "order_id", "A999999"),
            "no_order 1: no order has the id A999999 (order_lines.csv, line 6, column order_id)",
        ),
        (
            "orders_and_lines", "orders.csv", set_value(0, "total_amount", "9999.00"),
            "the other 1 differ by",
        ),
    ],
    ids=["a price", "a status", "all dates", "line totals", "rows that disagree",
         "another currency", "no date", "no rule", "tax on top", "no order", "one total"],
)  # fmt: skip
def test_check_names_what_is_wrong_with_a_broken_sample(
    small, broken, preset, file, alter, expected
):
    assert expected not in small(preset)[1]
    folder = broken(preset)
    change(folder / file, alter)
    assert expected in printed_by(check(folder))


@pytest.mark.parametrize(
    ("preset", "file", "column", "key"),
    [
        ("shopify", "orders_export_1.csv", "Lineitem quantity", "lines.columns.quantity"),
        ("woocommerce", "orders-export-2025-01-01.csv", "item_total", "lines.columns.line_total"),
        ("stripe", "unified_payments.csv", "Customer ID", "orders.columns.customer_id"),
        ("online_retail", "online_retail_sample.csv", "InvoiceDate", "orders.columns.ordered_at"),
        ("flat_lines", "sales.csv", "unit_price", "lines.columns.unit_price"),
        ("orders_and_lines", "orders.csv", "order_date", "orders.columns.ordered_at"),
    ],
)
def test_a_column_that_was_renamed_is_named_with_its_key(broken, preset, file, column, key):
    folder = broken(preset)
    change(folder / file, lambda rows: None, column, "renamed")
    result = check(folder)
    assert isinstance(result.exception, InputError)
    assert f"{file}: {key} is '{column}', but no such column is there" in printed_by(result)


def test_rows_that_cannot_be_used_end_the_command_unless_they_are_allowed(broken):
    folder = broken("shopify")
    change(folder / "orders_export_1.csv", set_value(2, "Lineitem price", "free"))
    result = check(folder)
    assert "1 row cannot be used, 0 allowed: 'free' is no number" in str(result.exception)
    assert "Orders" in result.output  # the rest is told all the same
    assert check(folder, "--max-rejected-rows", "1").exit_code == 0


def test_where_no_order_is_left_the_reason_is_named(broken):
    folder = broken("shopify")
    change(
        folder / "orders_export_1.csv",
        set_all("Created at", lambda row: row["Created at"].replace("-", "/")),
    )
    assert "rows were set aside as bad_value, the first on line 2, column Created at: '2023/" in (
        printed_by(check(folder))
    )


@pytest.mark.parametrize(
    ("setting", "lines", "total", "better"),
    [
        ("order_discount: subtracted", "1,10.00,2.00", "7.00", "order_discount: with_lines"),
        ("order_discount: with_lines", "1,10.00,2.00", "5.00", "order_discount: subtracted"),
        ("order_discount: subtracted", "1,10.00,2.00", "8.00", "order_discount: included"),
        ("line_discount: subtracted", "1,10.00,2.00", "9.00",
         "line_discount: included, money.order_discount: with_lines"),
        ("line_price: unit_price", "3,10.00,0", "7.00", "line_price: line_total"),
        ("order_discount: subtracted", "1,10.00,2.00", "5.00", None),
        ("order_discount: subtracted", "1,10.00,2.00", "1.00", None),
    ],
)  # fmt: skip
def test_the_setting_under_which_more_totals_agree_is_named(
    tmp_path, setting, lines, total, better
):
    (tmp_path / "sales.csv").write_text(
        "order_id,order_date,customer_id,quantity,unit_price,line_discount_amount,"
        f"discount_amount,total_amount\n1,2024-05-01,anna,{lines},3.00,{total}\n"
    )
    text = guess_mapping(tmp_path).text
    text = re.sub(r"(?m)^money:\n(  .*\n)+", f"money:\n  {setting}\n", text)
    (tmp_path / "shop.yml").write_text(text)
    printed = printed_by(check(tmp_path))
    if better is None:
        assert "would be" not in printed
    else:
        assert f"with money.{better}" in printed


# -- the mapping ----------------------------------------------------------------------------------


def test_a_bad_mapping_is_refused_by_its_own_sentence(broken):
    folder = broken("flat_lines")
    place = folder / "shop.yml"
    place.write_text(place.read_text().replace("currency:", "curency:", 1))
    refusal = printed_by(check(folder))
    assert "shop.yml, line" in refusal
    assert "did you mean 'currency'?" in refusal


def test_a_folder_without_a_mapping_is_told_of_init(tmp_path):
    assert "write one with `regulars init DATA_FOLDER`" in printed_by(check(tmp_path))


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "sales.csv").write_text("a\n1\n")
    assert "sales.csv is none; name another one." in printed_by(check(tmp_path / "sales.csv"))
    assert "nowhere is none; name another one." in printed_by(check(tmp_path / "nowhere"))


def test_the_mapping_may_lie_elsewhere(broken, tmp_path_factory, monkeypatch):
    folder = broken("flat_lines")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine.yml"
    (folder / "shop.yml").rename(elsewhere)
    assert check(folder).exit_code == 1
    assert check(folder, "--mapping", str(elsewhere)).exit_code == 0
    monkeypatch.setenv("REGULARS_SHOP", str(elsewhere))
    assert check(folder).exit_code == 0


def test_without_a_folder_the_one_of_the_settings_is_read(broken, monkeypatch):
    result = CliRunner().invoke(app, ["check"])
    assert "name it, as in `regulars check FOLDER`, or set REGULARS_DATA_DIR" in printed_by(result)
    monkeypatch.setenv("REGULARS_DATA_DIR", str(broken("flat_lines")))
    assert Settings.from_environment().data_dir is not None
    assert CliRunner().invoke(app, ["check"]).exit_code == 0

"""One shop with everything odd in it, built whole: it ends, and says what it found."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
from raw_files import CUSTOMERS, ORDERS, PAYMENTS, PRODUCTS, SELLERS
from shops import Shop, generate_demo_shop, shared_shop

Rows = list[dict[str, str]]
AS_OF_DATE = "2022-01-01"


def read_rows(folder: Path, stem: str) -> Rows:
    with (folder / f"{stem}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(folder: Path, stem: str, rows: Rows) -> None:
    with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def make_odd_files(folder: Path) -> Path:
    """Three years later than the source's defaults, with odd statuses, payments and places."""
    data = folder / "data"
    if data.exists():
        return data
    generate_demo_shop(data, order_count=1_500, seed=5)
    for path in data.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        later = re.sub(r"\b(201[6-9])(?=-\d\d-\d\d )", lambda year: str(int(year[1]) + 3), text)
        path.write_text(later, encoding="utf-8")
    orders = read_rows(data, ORDERS)
    for row, status in zip(orders[100:], ["refunded", "", "Delivered", "DELIVERED "], strict=False):
        row["order_status"] = status
    for row, moment in zip(orders[200:], ["1900-01-01", "1970-01-01", "2099-12-31"], strict=False):
        row["order_purchase_timestamp"] = f"{moment} 00:00:00"
    write_rows(data, ORDERS, [row for row in orders if row is not orders[300]])
    payments = read_rows(data, PAYMENTS)
    for row, kind in zip(payments[100:], ["pix", "", "Credit_Card "], strict=False):
        row["payment_type"] = kind
    payments[110]["payment_installments"] = ""
    write_rows(data, PAYMENTS, payments)
    customers = read_rows(data, CUSTOMERS)
    places = [("", "", ""), ("01001", "sao paulo", "sp"), ("01001", "sao paulo", "XX")]
    for row, (code, city, state) in zip(customers[:30], places * 10, strict=True):
        row["customer_zip_code_prefix"], row["customer_city"] = code, city
        row["customer_state"] = state
    orderer = orders[310]["customer_id"]
    write_rows(data, CUSTOMERS, [row for row in customers if row["customer_id"] != orderer])
    sellers = read_rows(data, SELLERS)
    sellers[0] |= {"seller_zip_code_prefix": "", "seller_city": "", "seller_state": ""}
    write_rows(data, SELLERS, sellers[:-1])
    write_rows(data, PRODUCTS, read_rows(data, PRODUCTS)[:-20])
    return data


@pytest.fixture(scope="module")
def odd_build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, str]:
    """The odd shop and what its build printed."""
    return shared_shop(tmp_path_factory, "odd-shop", make_odd_files, "build", "--as-of", AS_OF_DATE)


@pytest.fixture(scope="module")
def odd(odd_build: tuple[Shop, str]) -> Shop:
    return odd_build[0]


def test_a_status_that_nobody_listed_counts_as_not_valid_and_its_money_is_counted(odd):
    rows = read_rows(odd.data_dir, ORDERS)
    strange = {row["order_id"] for row in rows if row["order_status"] in ("refunded", "")}
    paid = sum(
        Decimal(row["payment_value"])
        for row in read_rows(odd.data_dir, PAYMENTS)
        if row["order_id"] in strange
    )
    assert odd.rows(
        "select order_count, paid_amount from marts.money_reconciliation "
        "where reading_kind = 'left out' and reading_name = 'status not in the list'"
    ) == [(len(strange), paid)]
    valid = odd.rows("select order_id from canonical.orders where is_valid_order")
    assert strange.isdisjoint(order for (order,) in valid)


def test_what_was_paid_for_orders_that_are_not_in_the_files_is_counted(odd):
    customer_ids = {row["customer_id"] for row in read_rows(odd.data_dir, CUSTOMERS)}
    orders = {
        row["order_id"]
        for row in read_rows(odd.data_dir, ORDERS)
        if row["customer_id"] in customer_ids
    }
    payments = [row for row in read_rows(odd.data_dir, PAYMENTS) if row["order_id"] not in orders]
    assert odd.rows(
        "select order_count, paid_amount from marts.money_reconciliation "
        "where reading_name = 'order or its customer not in the files'"
    ) == [(2, sum(Decimal(row["payment_value"]) for row in payments))]


def test_lists_match_without_regard_to_case_and_blanks(odd):
    rows = read_rows(odd.data_dir, ORDERS)
    written = [
        row["order_id"] for row in rows if row["order_status"] in ("Delivered", "DELIVERED ")
    ]
    statuses = odd.rows(
        "select order_status, is_valid_order from canonical.orders "
        f"where order_id in ('{written[0]}', '{written[1]}')"
    )
    assert statuses == [("delivered", True)] * 2
    kinds = {kind for (kind,) in odd.rows("select distinct payment_type from marts.payment_mix")}
    assert "pix" in kinds
    assert kinds == {kind.strip().lower() for kind in kinds}


def test_one_state_in_two_spellings_is_one_and_an_empty_one_has_a_row_of_its_own(odd):
    states = {
        state for (state,) in odd.rows("select distinct state from marts.delivery_performance")
    }
    assert "SP" in states
    assert "sp" not in states
    assert {"without state", "XX"} <= states


def test_what_items_name_is_canonical_though_its_file_lacks_it(odd):
    assert odd.rows(
        "select count(*) from canonical.order_items where product_id not in "
        "(select product_id from canonical.products) or seller_id not in "
        "(select seller_id from canonical.sellers)"
    ) == [(0,)]


def test_labels_end_with_the_data_and_not_with_the_as_of_date(odd):
    orders = read_rows(odd.data_dir, ORDERS)
    days = [row["order_purchase_timestamp"][:10] for row in orders]
    last = max(day for day in days if day < "2098")
    assert odd.rows(
        "select last_order_date::varchar, as_of_date::varchar, is_quiet_before_as_of_date "
        "from marts.build_info"
    ) == [(last, AS_OF_DATE, True)]
    assert odd.rows(
        f"""
        select distinct is_label_complete from features.customer_labels
        where as_of_date + label_window_days > date '{last}' + 1
        """
    ) == [(False,)]
    assert odd.rows(
        f"""
        select distinct is_label_complete from features.customer_labels
        where as_of_date + label_window_days <= date '{last}' + 1
        """
    ) == [(True,)]


def test_the_report_says_at_its_top_that_everybody_looks_lost(odd):
    text = (odd.folder / "site" / "index.html").read_text(encoding="utf-8")
    top = text.partition("Month by month")[0]
    assert "Everybody looks lost because the last order is" in top
    assert "2099-12-31" in top
    quality = (odd.folder / "site" / "data-quality.html").read_text(encoding="utf-8")
    assert "refunded" in quality
    assert "pix" in quality


def test_each_odd_thing_is_a_finding_with_its_line(odd):
    findings = odd.rows(
        "select finding_code, found_value, line_number from raw.input_findings "
        "where line_number is not null"
    )
    orders = read_rows(odd.data_dir, ORDERS)
    lines = {row["order_status"]: line for line, row in enumerate(orders, 2)}
    assert ("unknown_order_status", "refunded", lines["refunded"]) in findings
    dates = {row["order_purchase_timestamp"]: line for line, row in enumerate(orders, 2)}
    for moment in ("1900-01-01 00:00:00", "1970-01-01 00:00:00", "2099-12-31 00:00:00"):
        assert ("time_far_order", moment, dates[moment]) in findings
    codes = {code for code, _, _ in findings}
    assert {"unknown_payment_type", "unknown_state", "empty_state", "unmatched_keys"} <= codes

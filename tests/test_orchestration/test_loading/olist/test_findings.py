"""What is odd about the files is said, with file, line and value, or refused."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PAYMENTS, PRODUCTS, REVIEWS, SELLERS
from spoilt_files import EXPECTED, Rows, of, put, spoil

from orchestration.errors import InputError
from orchestration.loading.expectations import read_expectations
from orchestration.loading.usual_range import usual_range


def test_a_shop_without_anything_odd_has_no_findings(load):
    assert load() == []


@pytest.mark.parametrize(
    ("is_missing", "reason"),
    [(True, "is not there"), (False, "has no row below its header")],
)
def test_an_optional_table_without_rows_is_said(load, folder, is_missing, reason):
    path = folder / f"{REVIEWS}.csv"
    header = path.read_text(encoding="utf-8").split("\n")[0]
    path.unlink()
    if not is_missing:
        path.write_text(header + "\n", encoding="utf-8")
    (finding,) = of(load(), "empty_table")
    assert (finding["table_name"], finding["file_name"]) == ("order_reviews", path.name)
    assert f"{path.name} {reason}, so raw.order_reviews is empty" in str(finding["message"])


def test_a_key_that_holds_more_than_one_percent_of_a_large_shops_orders_is_said(load, folder):
    put(folder, CUSTOMERS, "customer_unique_id", *["c0ffee"] * 13)
    (finding,) = load()
    assert finding["finding_code"] == "dominant_key"
    assert (finding["line_number"], finding["found_value"], finding["affected_count"]) == (
        12,
        "c0ffee",
        13,
    )
    assert "13 of 1,200 orders" in finding["message"]


def test_a_key_that_holds_one_percent_or_less_is_not_said(load, folder):
    put(folder, CUSTOMERS, "customer_unique_id", *["c0ffee"] * 12)
    assert load() == []


def test_leading_zeros_lost_in_two_of_three_files_are_said_with_an_example(load, folder):
    columns = {CUSTOMERS: "customer_zip_code_prefix", SELLERS: "seller_zip_code_prefix"}
    lost = {}
    for stem, column in columns.items():

        def change(rows: Rows, stem: str = stem, column: str = column) -> None:
            codes = [row[column] for row in rows]
            first = next(number for number, code in enumerate(codes) if code.startswith("0"))
            count = len({code for code in codes if code.startswith("0")})
            lost[f"{stem}.csv"] = (first + 2, codes[first].lstrip("0"), count)
            for row in rows:
                row[column] = row[column].lstrip("0")

        spoil(folder, stem, change)
    findings = load()
    half = {
        row["file_name"]: (row["line_number"], row["found_value"], row["affected_count"])
        for row in of(findings, "half_matching_keys")
    }
    assert half == lost
    assert of(findings, "key_lengths_differ") == []  # the same, said once
    line, code, _ = lost[f"{CUSTOMERS}.csv"]
    message = of(findings, "half_matching_keys")[0]["message"]
    assert f"{CUSTOMERS}.csv, line {line}, column customer_zip_code_prefix: '{code}'" in message
    assert f"{GEOLOCATION}.csv, which has '0" in message


def test_codes_that_match_only_in_another_spelling_are_said(load, folder):
    def change(rows: Rows) -> None:
        for row, written in zip(rows[3:], ["{}-", "-{}", "{}."], strict=False):
            row["seller_zip_code_prefix"] = written.format(row["seller_zip_code_prefix"])

    spoil(folder, SELLERS, change)
    (finding,) = of(load(), "half_matching_keys")
    assert (finding["line_number"], finding["affected_count"]) == (5, 3)


def test_codes_of_which_more_than_a_twentieth_has_no_partner_are_said(load, folder):
    spoil(folder, GEOLOCATION, lambda rows: rows[: len(rows) // 2])
    findings = of(load(), "unmatched_keys")
    assert {row["file_name"] for row in findings} == {f"{CUSTOMERS}.csv", f"{SELLERS}.csv"}
    assert all(row["line_number"] and row["found_value"] for row in findings)


def test_a_single_code_without_a_partner_is_not_said(load, folder):
    put(folder, CUSTOMERS, "customer_zip_code_prefix", "00001")
    assert load() == []


def lengthen(folder, share: float) -> int:
    """Give a share of the codes of a file another length and no partner; of how many codes."""
    counts: list[int] = []

    def change(rows: Rows) -> None:
        codes = list(dict.fromkeys(row["seller_zip_code_prefix"] for row in rows))
        odd = set(codes[: round(share * len(codes))] if share else codes[:1])
        counts.append(len(odd))
        for row in rows:
            if row["seller_zip_code_prefix"] in odd:
                row["seller_zip_code_prefix"] = f"9{row['seller_zip_code_prefix']}9"

    spoil(folder, SELLERS, change)
    return counts[0]


def test_a_single_code_of_another_length_without_a_partner_is_not_said(load, folder):
    assert lengthen(folder, 0.0) == 1
    assert load() == []


def test_a_single_code_without_a_partner_is_not_said_for_its_length(load, folder):
    put(folder, ITEMS, "product_id", "0123456789abcdef")
    assert of(load(max_rejected_rows=1), "key_lengths_differ") == []


def test_codes_without_a_partner_are_not_said_for_the_length_of_a_single_one(load, folder):
    put(folder, SELLERS, "seller_zip_code_prefix", "123456")
    spoil(folder, GEOLOCATION, lambda rows: rows[: len(rows) // 2])
    findings = load()
    assert of(findings, "unmatched_keys")
    assert of(findings, "key_lengths_differ") == []


def test_lengths_that_differ_in_more_than_a_twentieth_of_the_codes_are_said(load, folder):
    count = lengthen(folder, 0.2)
    (finding,) = of(load(), "key_lengths_differ")
    assert (finding["file_name"], finding["line_number"]) == (f"{SELLERS}.csv", 2)
    assert (finding["column_name"], finding["affected_count"]) == ("seller_zip_code_prefix", count)
    assert "has 7 characters" in finding["message"]
    assert f"the 5 of all codes in {GEOLOCATION}.csv" in finding["message"]


TOPICS = {
    "moeda": "currency",
    "refund_amount": "money and refund",
    "isTest": "test",
    "TaxRate": "tax",
    "Discounts": "discount",
    "Unit": "unit",
    "fulfilment_status": "status",
    "preço": "money",
}


def test_an_ignored_column_whose_name_tells_of_meaning_is_named_and_no_other(load, folder):
    innocent = ("latest_contest", "taxonomy", "colour", "protest", "unity")

    def change(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row.update(dict.fromkeys([*TOPICS, *innocent], "BRL" if number in (4, 6) else ""))

    spoil(folder, ORDERS, change)
    findings = {row["column_name"]: row for row in load()}
    assert findings.keys() == TOPICS.keys()
    for column, topic in TOPICS.items():
        row = findings[column]
        assert row["finding_code"] == "ignored_column"
        assert (row["line_number"], row["found_value"], row["affected_count"]) == (6, "BRL", 2)
        assert f"its name says {topic}, but it is not read" in row["message"]


@pytest.mark.parametrize(
    ("stem", "column"), [(ORDERS, "currency"), (PAYMENTS, "Moeda"), (PRODUCTS, "currencyCode")]
)
def test_several_currencies_are_refused_wherever_they_stand(load, folder, stem, column):
    def change(rows: Rows) -> None:
        for row in rows:
            row[column] = "BRL"
        rows[0][column], rows[7][column] = "brl ", "USD"

    spoil(folder, stem, change)
    with pytest.raises(InputError) as caught:
        load()
    assert f"{stem}.csv, column {column}: expected one currency, found 2" in str(caught.value)
    assert "'USD' (line 9)" in str(caught.value)


def test_one_currency_that_is_not_the_shops_is_said(load, folder):
    spoil(folder, PAYMENTS, lambda rows: [row | {"currency": "EUR"} for row in rows])
    (finding,) = load()
    assert finding["finding_code"] == "other_currency"
    assert "the currency is 'EUR', but all amounts are shown as BRL" in finding["message"]


def test_several_currencies_in_a_parquet_file_are_refused_by_their_row(load, folder):
    path = folder / f"{SELLERS}.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [row | {"currency": "USD"} for row in csv.DictReader(stream)]
    rows[2]["currency"] = "BRL"
    path.unlink()
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{SELLERS}.parquet")
    with pytest.raises(InputError, match=r"'USD' \(row 1\), 'BRL' \(row 3\)"):
        load()


def test_no_order_before_the_as_of_date_is_an_error_that_says_which_setting_to_change(load):
    with pytest.raises(InputError) as caught:
        load(expectations=replace(EXPECTED, as_of_date=date(2012, 1, 1)))
    message = str(caught.value)
    assert "expected orders before the as-of date 2012-01-01" in message
    assert "--as-of or REGULARS_AS_OF_DATE" in message


def test_an_as_of_date_before_the_usable_window_says_which_settings_to_change(load):
    with pytest.raises(InputError) as caught:
        load(
            expectations=replace(
                EXPECTED, as_of_date=date(2017, 6, 1), window_start_date=date(2018, 1, 1)
            )
        )
    assert "REGULARS_AS_OF_DATE" in str(caught.value)
    assert "REGULARS_WINDOW_START_DATE" in str(caught.value)


def test_orders_that_end_long_before_the_as_of_date_are_said(load, warehouse):
    ((last,),) = warehouse.execute(
        "select max(order_purchase_timestamp)::date from raw.orders"
    ).fetchall()
    (finding,) = load(expectations=replace(EXPECTED, as_of_date=date(2021, 1, 1)))
    days = (date(2021, 1, 1) - last).days
    assert finding["finding_code"] == "time_quiet_before_as_of_date"
    assert f"the last order is {days:,} days before the as-of date 2021-01-01" in finding["message"]


def test_a_month_without_orders_before_the_as_of_date_is_not_said(load, warehouse):
    ((last,),) = warehouse.execute(
        "select max(order_purchase_timestamp)::date from raw.orders"
    ).fetchall()
    assert (
        load(expectations=replace(EXPECTED, as_of_date=date.fromordinal(last.toordinal() + 30)))
        == []
    )
    assert load(expectations=replace(EXPECTED, as_of_date=date.fromordinal(last.toordinal() + 31)))


def test_orders_dated_far_away_from_the_others_are_said(load, folder):
    moments = ["1970-01-01 00:00:00", "1900-01-01 12:00:00", "2099-12-31 23:59:59"]
    put(folder, ORDERS, "order_purchase_timestamp", *moments)
    findings = load()
    assert [row["finding_code"] for row in findings] == ["time_far_order"] * 3
    assert [(row["line_number"], row["found_value"]) for row in findings] == list(
        zip([12, 13, 14], moments, strict=True)
    )


def test_orders_before_the_usable_window_are_said_where_they_are_many(load):
    (finding,) = load(expectations=replace(EXPECTED, window_start_date=date(2018, 1, 1)))
    assert finding["finding_code"] == "time_orders_before_window"
    assert "REGULARS_WINDOW_START_DATE" in finding["remedy"]


def test_a_shop_with_few_orders_at_its_beginning_is_not_taken_for_one_with_odd_dates():
    days = {date(2016, 9, 4): 4, date(2016, 12, 23): 1, date(2017, 1, 5): 800}
    assert usual_range(days, 180, 0.01) == (date(2016, 9, 4), date(2017, 1, 5))
    two = {date(2010, 1, 1): 1, date(2018, 1, 1): 1}
    assert usual_range(two, 180, 0.01) == (date(2010, 1, 1), date(2018, 1, 1))


def test_a_value_that_no_list_knows_is_said_with_its_line_and_a_remedy(load, folder):
    codes = {
        "unknown_order_status": (ORDERS, "order_status"),
        "unknown_payment_type": (PAYMENTS, "payment_type"),
        "unknown_state": (CUSTOMERS, "customer_state"),
    }
    for stem, column in codes.values():
        put(folder, stem, column, "zz9", "ZZ9 ", "zz9")
    findings = {row["finding_code"]: row for row in load()}
    assert findings.keys() == codes.keys()
    for code, (stem, column) in codes.items():
        row = findings[code]
        assert (row["line_number"], row["found_value"], row["affected_count"]) == (12, "zz9", 3)
        assert f"{stem}.csv, line 12, column {column}: " in row["message"]
        assert "seeds/" in row["remedy"]


def test_the_remedy_for_a_state_names_its_country(load, folder):
    put(folder, CUSTOMERS, "customer_state", "zz9 ")
    (finding,) = of(load(), "unknown_state")
    assert "begins with 'BR,zz9' to seeds/state_regions.csv" in finding["remedy"]


@pytest.mark.parametrize("country_code", [None, "QQ"])
def test_no_state_is_held_against_the_list_of_another_country(load, folder, country_code):
    put(folder, CUSTOMERS, "customer_state", "zz9")
    assert load(expectations=replace(EXPECTED, country_code=country_code)) == []


def test_rows_that_no_order_or_customer_has_are_said_with_their_lines(load, folder, warehouse):
    gone: dict[str, str] = {}

    def drop(rows: Rows) -> Rows:
        gone["customer"] = rows[7]["customer_id"]
        return rows[:7] + rows[8:]

    spoil(folder, CUSTOMERS, drop)
    put(folder, PAYMENTS, "order_id", "nobody", "no one")
    findings = of(load(), "unmatched_keys")
    places = {row["file_name"]: (row["line_number"], row["found_value"]) for row in findings}
    ((position,),) = warehouse.execute(
        "select position from (select row_number() over (order by rowid) as position, customer_id "
        "from raw.orders) where customer_id = ?",
        [gone["customer"]],
    ).fetchall()
    assert places == {
        f"{ORDERS}.csv": (position + 1, gone["customer"]),
        f"{PAYMENTS}.csv": (12, "nobody"),
    }


def test_a_review_without_a_score_is_said_and_stays(load, folder, warehouse):
    put(folder, REVIEWS, "review_score", "")
    (finding,) = load()
    assert (finding["finding_code"], finding["affected_count"]) == ("row_without_meaning", 1)


def test_another_case_and_blanks_at_the_ends_are_no_finding(load, folder):
    put(folder, ORDERS, "order_status", "Delivered", "CANCELED ", " shipped")
    put(folder, PAYMENTS, "payment_type", "Boleto", "CREDIT_CARD ")
    put(folder, CUSTOMERS, "customer_state", "sp", " Rj")
    assert load() == []


def test_findings_are_written_anew_by_each_load_also_of_unchanged_files(load, folder, good_files):
    put(folder, ORDERS, "order_status", "zz9")
    first, second = load(), load()
    assert len(second) == 1
    assert [row | {"found_at": 0} for row in first] == [row | {"found_at": 0} for row in second]
    assert second[0]["found_at"] > first[0]["found_at"]
    shutil.copyfile(good_files / f"{ORDERS}.csv", folder / f"{ORDERS}.csv")
    assert load() == []


def test_the_line_is_right_behind_rows_that_were_set_aside(load, folder):
    put(folder, ORDERS, "order_purchase_timestamp", "soon", at=3)
    put(folder, ORDERS, "order_status", "zz9", at=20)
    findings = of(load(max_rejected_rows=99), "unknown_order_status")
    assert [row["line_number"] for row in findings] == [22]
    assert [
        row["line_number"] for row in of(load(max_rejected_rows=99), "unknown_order_status")
    ] == [22]


def test_what_the_settings_say_is_read_from_the_project_and_the_environment(monkeypatch):
    monkeypatch.delenv("REGULARS_AS_OF_DATE", raising=False)
    monkeypatch.delenv("REGULARS_WINDOW_START_DATE", raising=False)
    assert read_expectations() == EXPECTED
    monkeypatch.setenv("REGULARS_AS_OF_DATE", "2021-12-31")
    monkeypatch.setenv("REGULARS_WINDOW_START_DATE", "2020-01-01")
    assert read_expectations().as_of_date == date(2021, 12, 31)
    assert read_expectations().window_start_date == date(2020, 1, 1)
    monkeypatch.setenv("REGULARS_AS_OF_DATE", "2021-13-31")
    with pytest.raises(InputError, match=r"REGULARS_AS_OF_DATE must be a day .* '2021-13-31'"):
        read_expectations()

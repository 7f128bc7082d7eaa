"""One person under two keys, many under one, and nobody who returns: it is said."""

from __future__ import annotations

import pytest
from raw_files import CUSTOMERS, ITEMS, ORDERS, PAYMENTS, REVIEWS
from spoilt_files import Rows, of, put, spoil

PERSON = "customer_unique_id"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@x.com", "Anna@X.com"),
        ("7", "007"),
        ("ab12", "ab\u200b12"),
        ("Ana Maria", "Ana  Maria"),
        ("ab12", "\uff41\uff4212"),
    ],
)
def test_one_person_under_two_spellings_is_said(load, folder, one, other):
    put(folder, CUSTOMERS, PERSON, one, one, other, "c3", other)
    (finding,) = load()
    assert finding["finding_code"] == "one_key_two_spellings"
    assert (finding["line_number"], finding["found_value"], finding["affected_count"]) == (
        14,
        other,
        2,
    )
    assert repr(one) in finding["message"]
    assert "2 keys of the column stand for 1" in finding["message"]


def test_order_keys_that_differ_in_case_only_are_said(load, folder):
    put(folder, ORDERS, "order_id", "aB-1", "ab-1")
    (finding,) = of(load(), "one_key_two_spellings")
    assert (finding["file_name"], finding["line_number"]) == (f"{ORDERS}.csv", 13)


def test_person_keys_rounded_by_a_spreadsheet_are_said(load, folder):
    def change(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row[PERSON] = f"{123_456_789_012_000 + number // 2}000"

    spoil(folder, CUSTOMERS, change)
    (finding,) = load()
    assert (finding["finding_code"], finding["line_number"]) == ("rounded_keys", 2)
    assert finding["found_value"] == "123456789012000000"


def test_long_person_keys_of_which_a_few_end_in_zeros_are_not_said(load, folder):
    def change(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row[PERSON] = f"{1_234_567_890_120_000 + number // 2}"

    spoil(folder, CUSTOMERS, change)
    assert load() == []


def test_a_person_for_each_of_many_orders_is_said(load, folder):
    def change(rows: Rows) -> None:
        for row in rows:
            row[PERSON] = row["customer_id"]

    spoil(folder, CUSTOMERS, change)
    (finding,) = load()
    assert (finding["finding_code"], finding["affected_count"]) == ("nobody_returns", 1200)
    assert "the same as customer_id" in finding["message"]


def test_a_person_for_each_of_few_orders_is_not_said(load, folder):
    kept: set[str] = set()

    def cut(rows: Rows) -> Rows:
        people: dict[str, dict[str, str]] = {}
        for row in rows:
            people.setdefault(row[PERSON], row)
        few = list(people.values())[:500]
        kept.update(row["customer_id"] for row in few)
        return few

    spoil(folder, CUSTOMERS, cut)
    orders: set[str] = set()

    def only(rows: Rows) -> Rows:
        few = [row for row in rows if row["customer_id"] in kept]
        orders.update(row["order_id"] for row in few)
        return few

    spoil(folder, ORDERS, only)
    for stem in (ITEMS, PAYMENTS, REVIEWS):
        spoil(folder, stem, lambda rows: [row for row in rows if row["order_id"] in orders])
    assert of(load(), "nobody_returns") == []

"""Amounts, places and texts that cannot all be right: it is said."""

from __future__ import annotations

import pytest
from raw_files import CUSTOMERS, GEOLOCATION, ITEMS, PAYMENTS, REVIEWS, SELLERS
from spoilt_files import Rows, put, spoil


def turn(folder, stem, column, change):
    def spoil_rows(rows: Rows) -> None:
        for row in rows:
            row[column] = change(row[column])

    spoil(folder, stem, spoil_rows)


@pytest.mark.parametrize("factor", [100, 0.01])
def test_payments_in_another_unit_than_prices_are_said(load, folder, factor):
    turn(folder, PAYMENTS, "payment_value", lambda value: f"{float(value) * factor:.2f}")
    (found,) = load()
    assert found["finding_code"] == "amounts_off_by_a_factor"
    assert f"{factor:,.4g} times" in found["message"]


def test_amounts_that_are_all_negative_or_all_nothing_are_said(load, folder):
    turn(folder, PAYMENTS, "payment_value", lambda value: f"-{value}")
    turn(folder, ITEMS, "price", lambda _: "0.00")
    found = {row["column_name"]: row["message"] for row in load()}
    assert "amounts are below 0." in found["payment_value"]
    assert "amounts are 0." in found["price"]


def test_a_huge_amount_is_said_with_its_line(load, folder):
    put(folder, PAYMENTS, "payment_value", "999999999.99")
    (found,) = load()
    assert (found["finding_code"], found["line_number"]) == ("huge_amount", 12)
    assert found["found_value"] == "999999999.99"


def test_swapped_places_are_said_with_their_share(load, folder):
    def swap(rows: Rows) -> None:
        for row in rows:
            row["geolocation_lat"], row["geolocation_lng"] = (
                row["geolocation_lng"],
                row["geolocation_lat"],
            )

    spoil(folder, GEOLOCATION, swap)
    (found,) = load()
    assert (found["finding_code"], found["line_number"]) == ("places_outside", 2)
    assert "(100.0%)" in found["message"]
    assert found["remedy"].startswith("Swap latitude and longitude")


def test_places_in_millionths_of_a_degree_and_at_zero_are_said(load, folder):
    turn(folder, GEOLOCATION, "geolocation_lat", lambda value: f"{float(value) * 1e6:.0f}")
    (found,) = load()
    assert "in degrees" in found["remedy"]
    turn(folder, GEOLOCATION, "geolocation_lat", lambda _: "0")
    turn(folder, GEOLOCATION, "geolocation_lng", lambda _: "0")
    (found,) = load()
    assert "0.0, 0.0" in found["message"]


@pytest.mark.parametrize("word", ["\\N", "nan", "NULL", "None", "(null)", "#N/A"])
def test_a_word_for_nothing_is_said_in_any_column_of_texts(load, folder, word):
    put(folder, CUSTOMERS, "customer_city", *[word] * 5)
    (found,) = load()
    assert (found["finding_code"], found["line_number"]) == ("word_for_nothing", 12)
    assert (found["found_value"], found["affected_count"]) == (word, 5)


def test_a_comment_of_a_word_for_nothing_is_said(load, folder):
    put(folder, REVIEWS, "review_comment_message", *["nan"] * 3)
    (found,) = load()
    assert (found["finding_code"], found["column_name"]) == (
        "word_for_nothing", "review_comment_message",
    )  # fmt: skip


def test_places_in_a_wrong_encoding_are_said(load, folder):
    put(folder, SELLERS, "seller_city", "são paulo".encode().decode("latin-1"))
    (found,) = load()
    assert (found["finding_code"], found["line_number"]) == ("wrong_encoding", 12)

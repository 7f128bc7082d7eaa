"""Columns that are not read though they say what the others mean: named, or refused."""

from __future__ import annotations

import pytest
from raw_files import ITEMS, ORDERS, PAYMENTS
from spoilt_files import spoil

from orchestration.errors import InputError
from orchestration.loading.lists import topics_of

TELLING = [
    "quantity", "Qty", "item_qty", "menge", "quantidade", "ccy", "currencies", "transaction_type",
    "TransactionType", "livemode", "fx_rate", "is_reversal", "storno", "voided", "is_fraud",
    "amount_cents",
    "net_amount", "gross", "draft", "валюта", "通貨", "price_net",
]  # fmt: skip


def add(folder, stem, column, *values):
    def change(rows):
        for number, row in enumerate(rows):
            row[column] = values[number % len(values)]

    spoil(folder, stem, change)


@pytest.mark.parametrize("name", TELLING)
def test_a_name_that_tells_of_meaning_is_known(name):
    assert topics_of(name)


def test_a_telling_column_is_named(load, folder):
    add(folder, ITEMS, "quantity", "2", "1")
    (finding,) = load()
    assert (finding["finding_code"], finding["column_name"]) == ("ignored_column", "quantity")
    assert "its name says quantity" in finding["message"]


def test_values_that_are_currencies_are_refused_whatever_the_columns_name(load, folder):
    add(folder, PAYMENTS, "zz", "BRL", "usd", "")
    with pytest.raises(InputError, match="column zz: expected one currency, found 2: 'BRL'"):
        load()


@pytest.mark.parametrize("values", [("BRL", "USD", "pix"), ("ALL",), ("a", "b")])
def test_values_that_are_not_all_currencies_are_not_said(load, folder, values):
    add(folder, PAYMENTS, "zz", *values)
    assert load() == []


def test_a_currency_in_one_file_and_another_in_another_are_refused(load, folder):
    add(folder, ITEMS, "currency", "BRL")
    add(folder, PAYMENTS, "currency", "USD")
    with pytest.raises(InputError) as caught:
        load()
    assert "expected one currency" in str(caught.value)
    assert f"{ITEMS}.csv" in str(caught.value)
    assert f"{PAYMENTS}.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("data_valuta", ("2018-01-01", "2018-01-02")),
        ("currency_rate", ("5.23", "5.24")),
        ("is_multi_currency", ("true", "false")),
        ("currency", ("BRL", "R$")),
        ("currency", ("BRL", "n/a")),
        ("currency", ("BRL", "NaN", "")),
    ],
)
def test_a_column_with_one_currency_or_none_is_not_refused(load, folder, name, values):
    add(folder, ORDERS, name, *values)
    assert {row["finding_code"] for row in load()} == {"ignored_column"}

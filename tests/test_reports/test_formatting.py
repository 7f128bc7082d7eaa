"""How values read: examples that a person would expect, and what holds for every number."""

import math
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.formatting import (
    FILTERS,
    NO_BREAK,
    NOTHING,
    day,
    decimal,
    integer,
    label,
    money,
    month,
    percent,
)

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
SHARES = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_missing_value_reads_as_a_dash_everywhere(name):
    assert FILTERS[name](None) == NOTHING


@pytest.mark.parametrize("form", [integer, decimal, percent, money, label])
@pytest.mark.parametrize("value", [math.nan, Decimal("NaN")])
def test_not_a_number_reads_as_a_dash(form, value):
    assert form(value) == NOTHING


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_a_whole_number_keeps_every_digit_and_stands_in_threes(value):
    text = integer(value)
    assert int(text.replace(",", "")) == value
    first, *threes = text.lstrip("-").split(",")
    assert 1 <= len(first) <= 3
    assert all(len(group) == 3 for group in threes)


@given(AMOUNTS)
def test_a_decimal_amount_is_shown_to_the_cent(value):
    assert Decimal(decimal(value).replace(",", "")) == value


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(0, 6))
def test_a_number_is_off_by_at_most_half_of_its_last_digit(value, digits):
    text = decimal(value, digits)
    assert len(text.partition(".")[2]) == digits
    half = Decimal(5) / 10 ** (digits + 1)
    assert abs(Decimal(text.replace(",", "")) - Decimal(value)) <= half


@given(st.floats(min_value=-1e-3, max_value=1e-3))
def test_no_number_reads_as_minus_nothing(value):
    assert integer(value) == "0"
    assert decimal(value) == "0.00"
    assert not percent(-abs(value), 0).startswith("-")
    assert money(value, "EUR") == f"€{NO_BREAK}0.00"


@given(SHARES)
def test_a_share_reads_as_its_percentage(value):
    text = percent(value)
    if text == "<0.1%":
        assert 0 < value < 0.001
    else:
        assert text.endswith("%")
        assert abs(float(text[:-1]) - value * 100) <= 0.05 + 1e-9


@given(SHARES)
def test_only_nothing_reads_as_no_percent(value):
    assert (percent(value) == "0.0%") == (value == 0)


def test_a_negative_share_keeps_its_sign():
    assert percent(-0.125) == "-12.5%"
    assert percent(Decimal("-0.5"), 0) == "-50%"


@given(AMOUNTS)
def test_the_opposite_amount_reads_the_same_behind_a_minus(value):
    if value != 0:
        assert money(-abs(value), "BRL") == "-" + money(abs(value), "BRL")


@given(AMOUNTS)
def test_money_is_to_the_cent_below_a_thousand_and_whole_from_there(value):
    digits = Decimal("0.01") if abs(value) < 1000 else Decimal("1")
    shown = Decimal(money(value).replace(",", ""))
    assert shown == value.quantize(digits, ROUND_HALF_EVEN)


@pytest.mark.parametrize(
    ("currency", "text"),
    [
        ("BRL", f"R${NO_BREAK}1,234"),
        ("GBP", f"£{NO_BREAK}1,234"),
        ("CHF", f"CHF{NO_BREAK}1,234"),
        ("", "1,234"),
    ],
)
def test_a_currency_has_its_sign_and_an_unknown_one_its_code(currency, text):
    assert money(1234.4, currency) == text


def test_a_line_never_ends_within_an_amount_or_a_date():
    assert " " not in money(12, "BRL") + day(date(2018, 8, 9)) + percent(0.5)


def test_dates_are_written_out():
    assert day(date(2018, 8, 9)).split() == ["9", "August", "2018"]
    assert day(datetime(2018, 8, 9, 23, 59)) == day(date(2018, 8, 9))
    assert month(date(2018, 12, 1)).split() == ["December", "2018"]


@given(st.text())
def test_a_label_is_one_line(value):
    assert len(label(value).splitlines()) <= 1


def test_truth_reads_as_yes_and_no():
    assert [label(True), label(False), label(1)] == ["yes", "no", "1"]

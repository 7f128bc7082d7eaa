"""Dates of orders and of their steps, and orders that lack their rows: what is odd is said."""

from __future__ import annotations

import csv
import itertools
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from raw_files import ITEMS, ORDERS, PAYMENTS
from shops import PROJECT_DIR
from spoilt_files import EXPECTED, Rows, of, put, spoil

from orchestration.loading.usual_range import RULE, usual_range

PURCHASE = "order_purchase_timestamp"


def test_orders_on_or_after_the_as_of_date_are_counted_with_their_share(load, warehouse):
    as_of = date(2018, 3, 1)
    ((count,),) = warehouse.execute(
        f"select count(*) from raw.orders where {PURCHASE} >= date '{as_of}'"
    ).fetchall()
    (finding,) = load(expectations=replace(EXPECTED, as_of_date=as_of))
    assert finding["finding_code"] == "time_orders_after_as_of_date"
    assert finding["affected_count"] == count
    assert (
        f"{count:,} of 1,200 orders ({count / 1200:.1%}) are dated on or after"
        in finding["message"]
    )
    assert "--as-of or REGULARS_AS_OF_DATE" in finding["remedy"]


def test_one_percent_of_the_orders_on_or_after_the_as_of_date_is_not_said(load, folder):
    put(folder, ORDERS, PURCHASE, *["2018-09-01 00:00:00"] * 8)
    assert of(load(), "time_orders_after_as_of_date") == []
    put(folder, ORDERS, PURCHASE, *["2018-09-01 00:00:00"] * 20)
    assert of(load(), "time_orders_after_as_of_date")


@pytest.mark.parametrize("moment", ["1970-01-01", "2000-01-01", "1899-12-30", "2013-01-01"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.45])
def test_a_default_date_in_less_than_half_of_the_orders_is_far_from_the_others(moment, share):
    days = {date(2017, 1, 1) + timedelta(days=day): 2 for day in range(600)}
    default = {date.fromisoformat(moment): int(share / (1 - share) * 1200)}
    assert usual_range(default | days, 180, 0.01) == (min(days), max(days))


def test_default_dates_above_one_percent_are_said(load, folder):
    put(folder, ORDERS, PURCHASE, *["1970-01-01 00:00:00"] * 36)
    findings = of(load(), "time_far_order")
    assert sum(row["affected_count"] for row in findings) == 36
    assert findings[0]["line_number"] == 12


@pytest.mark.parametrize(
    "days",
    [
        {date(2016, 9, 4): 4, date(2016, 12, 23): 1, date(2017, 1, 5): 800},
        {date(2010, 1, 1): 1, date(2018, 1, 1): 1},
        {date(2016, 1, 1): 3, date(2017, 1, 1): 2, date(2018, 1, 1): 3},
        {date(2010, 1, 1): 6, date(2022, 1, 1): 6},
    ],
)
def test_a_shop_with_pauses_keeps_all_its_days(days):
    assert usual_range(days, 180, 0.01) == (min(days), max(days))


@pytest.mark.parametrize(
    ("stem", "column", "value"),
    [
        (ORDERS, "order_delivered_customer_date", "2099-12-31 00:00:00"),
        (ORDERS, "order_estimated_delivery_date", "9999-12-31 00:00:00"),
        (ORDERS, "order_approved_at", "1900-01-01 00:00:00"),
        (ITEMS, "shipping_limit_date", "1970-01-01 00:00:00"),
        (ITEMS, "shipping_limit_date", "2031-01-01 00:00:00"),
    ],
)
def test_a_far_date_is_said_in_whichever_column_it_stands(load, folder, stem, column, value):
    put(folder, stem, column, value, value)
    (finding,) = of(load(), "time_far_date")
    assert (finding["column_name"], finding["line_number"]) == (column, 12)
    assert (finding["found_value"], finding["affected_count"]) == (value, 2)


def test_deliveries_before_the_purchase_are_counted_with_their_first_line(load, folder):
    rows: Rows = []

    def change(all_rows: Rows) -> None:
        rows.extend(row for row in all_rows if row["order_status"] == "delivered")
        for row in rows[5:8]:
            row["order_delivered_customer_date"] = "2016-12-01 00:00:00"

    spoil(folder, ORDERS, change)
    (finding,) = load()
    assert (finding["finding_code"], finding["affected_count"]) == ("step_before_purchase", 3)
    assert finding["found_value"] == "2016-12-01 00:00:00"


@pytest.mark.parametrize("stem", [ITEMS, PAYMENTS])
def test_orders_without_rows_in_a_file_that_was_cut_are_counted(load, folder, stem):
    with (folder / f"{stem}.csv").open(encoding="utf-8", newline="") as stream:
        cut = list(csv.DictReader(stream))
    kept = {row["order_id"] for row in cut[:600]}
    spoil(folder, stem, lambda rows: rows[:600])
    findings = of(load(), "orders_without_rows")
    assert len(findings) == 1
    assert f"has no row in {stem}.csv" in findings[0]["message"]
    with (folder / f"{ORDERS}.csv").open(encoding="utf-8", newline="") as stream:
        orders = [
            row
            for row in csv.DictReader(stream)
            if row["order_status"] not in ("canceled", "unavailable")
        ]
    missing = sum(row["order_id"] not in kept for row in orders)
    assert findings[0]["affected_count"] == missing
    assert f"{missing:,} of {len(orders):,} orders have none" in findings[0]["message"]
    assert "cut off" in findings[0]["remedy"]


def test_canceled_orders_without_rows_are_not_said(load, folder):
    gone: set[str] = set()

    def cancel(rows: Rows) -> None:
        for row in rows[:50]:
            row["order_status"] = " Canceled"
            gone.add(row["order_id"])

    spoil(folder, ORDERS, cancel)
    for stem in (ITEMS, PAYMENTS):
        spoil(folder, stem, lambda rows: [row for row in rows if row["order_id"] not in gone])
    assert of(load(), "orders_without_rows") == []


def far_days_left_aside(days: dict[date, int], gap_days: int, share: float) -> tuple[date, date]:
    """The rule of far dates as its words say it, day by day."""

    def first_usual(ordered: list[date]) -> date:
        total, most, so_far, first = sum(days.values()), max(days.values()), 0, ordered[0]
        for day, following in itertools.pairwise(ordered):
            so_far += days[day]
            gap = abs((following - day).days)
            is_default = days[day] == most >= 5 and days[day] >= 0.9 * so_far
            is_minority = 2 * so_far < total and (gap > 3653 or is_default)
            if gap > gap_days and (is_minority or so_far <= share * total):
                first = following
        return first

    return first_usual(sorted(days)), first_usual(sorted(days, reverse=True))


def test_far_dates_are_left_aside_as_the_words_of_the_rule_say():
    rng = random.Random(4)
    for _ in range(60):
        days = {
            date(2017, 1, 1) + timedelta(days=rng.randrange(600)): rng.randint(1, 4)
            for _ in range(rng.randint(1, 60))
        }
        for _ in range(rng.randint(0, 3)):
            year = rng.choice([1900, 1970, 2010, 2014, 2016, 2019, 2025, 2040, 2099])
            days[date(year, rng.randint(1, 12), 1)] = rng.choice([1, 2, 6, 20, 60, 300])
        assert usual_range(days, 180, 0.01) == far_days_left_aside(days, 180, 0.01), days


def test_the_rule_of_far_dates_is_written_once():
    paths = [
        path
        for folder in ("dbt_project", "orchestration", "ml", "reports")
        for suffix in ("sql", "py")
        for path in (PROJECT_DIR / folder).rglob(f"*.{suffix}")
        if "3653" in path.read_text(encoding="utf-8")
    ]
    assert paths == [RULE]
    model = (PROJECT_DIR / "dbt_project/models/features/data_range.sql").read_text("utf-8")
    assert "{{ usual_order_range('order_days')" in model

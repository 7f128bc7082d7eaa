"""Shops unlike the demo are built to the end: what can be said is right, the rest is said.

Two shops, each with several oddities that do not hide each other. What is expected is counted
from the files by Python's csv module.
"""

from __future__ import annotations

import csv
import html
import random
import re
from bisect import bisect_left
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from odd_shops import TIME_FORMAT, Order, write_shop
from raw_files import REVIEWS, STEMS
from shops import AS_OF_DATE, Shop, shared_shop

AS_OF = date.fromisoformat(AS_OF_DATE)
LAST_DAY = datetime(AS_OF.year, AS_OF.month, AS_OF.day) - timedelta(days=1)
NEVER_COUNTED = {"canceled", "unavailable"}


def moment(days_before: int, minutes: int = 0) -> str:
    """A moment so many days before the last day."""
    return f"{LAST_DAY - timedelta(days=days_before) + timedelta(minutes=minutes):{TIME_FORMAT}}"


def last_day() -> list[Order]:
    """150 people on one day; nothing delivered, no reviews; refunds, nothing paid, one product."""
    orders = []
    for number in range(150):
        paid = f"{10 + number % 40}.50"
        refund = ("-5.25", f"-{paid}", "-300.00")[number % 3 : number % 3 + 1]
        payments = (paid, *refund) if number % 5 == 0 else (paid,)
        orders.append(
            Order(f"p{number:03}", moment(0, number), payments, "shipped", None, None, (paid,))
        )
    return [
        *orders,
        Order("nothing paid", moment(0, 3), ("0.00",), delivery_days=None, score=None),
        Order("no payment", moment(0, 4), (), delivery_days=None, score=None),
        Order("canceled", moment(0, 5), ("77.00",), "canceled", None, None, ()),
    ]


def loyal() -> list[Order]:
    """Eight years of people who buy every month or so until they stop for good; one buys daily."""
    chance = random.Random(8)
    orders = []
    for number in range(200):
        day = chance.randint(30, 2_900)
        stop = 0 if chance.random() < 0.6 else chance.randint(0, day)
        while day > stop:
            amount = f"{chance.randint(500, 20_000) / 100:.2f}"
            orders.append(
                Order(
                    f"p{number:03}", moment(day, chance.randint(0, 1_000)), (amount,),
                    score=chance.choice([1, 4, 5]), prices=(amount,),
                    delivery_days=chance.randint(2, 20), product=f"product {chance.randint(1, 9)}",
                )
            )  # fmt: skip
            day -= chance.randint(20, 60)
    orders += [Order("daily", moment(day % 700, day % 1_000), ("1.00",)) for day in range(3_000)]
    return orders


SHOPS = {
    "last_day": (last_day, ("order_reviews",)),
    "loyal": (loyal, ()),
}


@pytest.fixture(scope="session", params=["last_day", pytest.param("loyal", marks=pytest.mark.long)])
def odd_shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build(request.param, tmp_path_factory)


def build(name: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    make_orders, without = SHOPS[name]

    def make_files(folder: Path) -> Path:
        data = folder / "data"
        return data if data.exists() else write_shop(data, make_orders(), without=without)

    return shared_shop(tmp_path_factory, f"odd-{name}", make_files, "build")[0]


def read(shop: Shop, table: str) -> list[dict[str, str]]:
    with (shop.data_dir / f"{STEMS[table]}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def rfm_by_hand(shop: Shop) -> dict[str, tuple[int, int, Decimal, int, int]]:
    """Recency, frequency, money and the scores of recency and money, by customer."""
    people = {row["customer_id"]: row["customer_unique_id"] for row in read(shop, "customers")}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in read(shop, "order_payments"):
        paid[row["order_id"]] += Decimal(row["payment_value"])
    recency: dict[str, int] = {}
    frequency: dict[str, int] = defaultdict(int)
    money: dict[str, Decimal] = defaultdict(Decimal)
    for row in read(shop, "orders"):
        if row["order_status"] in NEVER_COUNTED:
            continue
        person = people[row["customer_id"]]
        days = (AS_OF - datetime.strptime(row["order_purchase_timestamp"], TIME_FORMAT).date()).days
        recency[person] = min(days, recency.get(person, days))
        frequency[person] += 1
        money[person] += paid[row["order_id"]]
    all_days, all_money = sorted(recency.values()), sorted(money.values())
    return {
        person: (
            days, frequency[person], money[person],
            5 - 5 * bisect_left(all_days, days) // len(recency),
            1 + 5 * bisect_left(all_money, money[person]) // len(recency),
        )
        for person, days in recency.items()
    }  # fmt: skip


def page(shop: Shop, name: str) -> str:
    """A page of the report as one line of text, tags and all."""
    text = (shop.folder / "site" / f"{name}.html").read_text(encoding="utf-8")
    return html.unescape(" ".join(text.split()))


def test_rfm_and_money_are_what_the_files_say_and_are_published(odd_shop):
    expected = rfm_by_hand(odd_shop)
    query = (
        "select customer_id, recency_days, frequency, monetary_amount, r_score, m_score "
        "from {}marts.customer_rfm"
    )
    assert {person: tuple(rest) for person, *rest in odd_shop.rows(query.format(""))} == expected
    with duckdb.connect(str(odd_shop.folder / "published" / "regulars.duckdb")) as published:
        rows = published.execute(query.format("")).fetchall()
        assert {person: tuple(rest) for person, *rest in rows} == expected
    raw = sum(Decimal(row["payment_value"]) for row in read(odd_shop, "order_payments"))
    assert odd_shop.rows("select sum(paid_amount) from canonical.payments") == [(raw,)]
    assert odd_shop.rows(
        "select sum(paid_amount) from marts.money_reconciliation "
        "where reading_name = 'marts.customer_rfm' or reading_kind = 'left out'"
    ) == [(raw,)]


def test_no_page_is_missing_and_none_shows_what_is_not_there(odd_shop):
    pages = sorted((odd_shop.folder / "site").glob("*.html"))
    assert len(pages) >= 10
    for path in pages:
        text = path.read_text(encoding="utf-8")
        for nonsense in (">None<", ">nan", " nan ", ">NaT<", "Undefined"):
            assert nonsense not in text, path.name


def test_who_bought_on_the_last_day_like_everybody_else_has_the_best_recency(tmp_path_factory):
    shop = build("last_day", tmp_path_factory)
    assert shop.rows("select distinct r_score from marts.customer_rfm") == [(5,)]
    # Refunds count: who got back more than they paid is below nothing.
    assert shop.rows("select min(monetary_amount) < 0 from marts.customer_rfm") == [(True,)]
    assert shop.rows(
        "select count(*), count(average_review_score), sum(delivered_order_count) "
        "from features.customer_feature_snapshots where as_of_date = '2018-08-30'"
    ) == [(153, 0, 0)]
    assert shop.rows(
        "select file_name, row_count from raw.load_log where table_name = 'order_reviews'"
    ) == [(f"{REVIEWS}.csv", 0)]
    assert shop.rows("select count(*) from marts.customer_segments") == [(153,)]
    # Nobody was there 140 days ago, from when drift is measured, nor 180 days, to be judged on.
    assert shop.rows("select count(*) from marts_ml.feature_drift") == [(0,)]
    assert "How far features have moved cannot be said" in page(shop, "segment-stability")
    ((status, verdict),) = shop.rows("select status, verdict from marts.churn_verdict")
    assert status == "not_eligible"
    assert str(verdict) in page(shop, "churn")
    operations = page(shop, "operations")
    assert "Of no order it is known when it was delivered" in operations
    assert "There are no reviews" in operations


@pytest.mark.long
def test_models_of_too_predictable_customers_score_nobody_and_everything_else_is_there(
    tmp_path_factory,
):
    shop = build("loyal", tmp_path_factory)
    suspected = shop.rows(
        "select model_id, status_reason from ml.model_registry "
        "where purpose = 'churn' and status = 'not_eligible'"
    )
    assert suspected
    for _, reason in suspected:
        assert str(reason).startswith("suspected leak: ROC AUC 0.")
        assert re.search(r", expected at most 0\.75; '\w+' alone has 0\.", str(reason)), reason
    # A champion is left only among the models without such a figure.
    above = (
        "select model_id from ml.model_metrics inner join ml.model_registry using (model_id) "
        "where purpose = 'churn' and metric_name = 'roc_auc' and metric_value > 0.75"
    )
    assert {row for row, _ in suspected} == {row for (row,) in shop.rows(f"{above} group by 1")}
    assert shop.rows(
        f"select count(*) from marts.customer_churn_scores where model_id in ({above})"
    ) == [(0,)]
    assert shop.rows(
        "select distinct is_champion from marts.model_quality where status = 'not_eligible'"
    ) == [(False,)]
    models = page(shop, "churn-models")
    assert "A model that is not eligible ranks customers too well to be true" in models
    ((verdict,),) = shop.rows("select verdict from marts.churn_verdict")
    assert str(verdict) in models
    assert shop.rows("select count(*) from marts.customer_segments") == [(201,)]
    assert shop.rows("select frequency from marts.customer_rfm where customer_id = 'daily'") == [
        (3_000,)
    ]

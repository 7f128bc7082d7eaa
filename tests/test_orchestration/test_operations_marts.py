"""The operations marts on a shop with planted rows, whose answers were worked out by hand."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from raw_files import ITEMS, PRODUCTS
from shops import (
    Purchase,
    Shop,
    append_rows,
    card,
    generate_demo_shop,
    plant_customer,
    plant_seller,
)

# The operations marts, and the marts that their tests compare them with.
OPERATIONS = (
    "build", "--select", "+marts.operations", "+marts.orders", "+customer_rfm",
    "--indirect-selection", "buildable",
)  # fmt: skip

# As of 2018-08-30; promised for 2018-07-10.
LATE_ORDERS = {
    "three days late": ("2018-06-20 12:00:00", "2018-07-13 00:00:00", "delivered"),
    "two days late": ("2018-06-20 12:00:00", "2018-07-12 23:59:59", "delivered"),
    "canceled": ("2018-06-20 12:00:00", "2018-07-20 12:00:00", "canceled"),
    "on the edge": ("2018-05-30 00:00:00", "2018-07-14 12:00:00", "delivered"),
    "a second earlier": ("2018-05-29 23:59:59", "2018-07-14 12:00:00", "delivered"),
    "delivered just before": ("2018-06-20 12:00:00", "2018-08-29 23:59:59", "delivered"),
    "delivered at midnight": ("2018-06-20 12:00:00", "2018-08-30 00:00:00", "delivered"),
    "never delivered": ("2018-06-20 12:00:00", "", "shipped"),
}

# Seller to their orders: (ordered, delivered, status, price, freight).
AMOUNTS = {
    "at": [
        ("2018-01-10 12:00:00", "2018-01-20 12:00:00", "delivered", "60000.00", "1000.00"),
        ("2018-08-01 12:00:00", "2018-08-29 23:59:59", "delivered", "38000.00", "1000.00"),
        ("2018-08-01 12:00:00", "2018-08-30 00:00:00", "delivered", "5000.00", "0.00"),
        ("2018-08-01 12:00:00", "", "shipped", "5000.00", "0.00"),
        ("2018-01-10 12:00:00", "2018-01-20 12:00:00", "canceled", "5000.00", "0.00"),
    ],
    "over": [("2018-01-10 12:00:00", "2018-01-20 12:00:00", "delivered", "99000.00", "1000.01")],
}

# Seller to their orders: (ordered, pieces, status).
PIECES = {
    "thirty": [("2018-06-10 12:00:00", 30, "delivered")],
    "one more": [("2018-06-10 12:00:00", 30, "delivered"), ("2018-08-29 23:59:59", 1, "shipped")],
    "too late": [("2018-06-10 12:00:00", 30, "delivered"), ("2018-08-30 00:00:00", 1, "shipped")],
    "old": [("2018-05-30 00:00:00", 31, "delivered")],
    "young": [("2018-05-30 00:00:01", 31, "delivered")],
    "one back": [("2018-06-10 12:00:00", 30, "delivered"), ("2018-06-11 12:00:00", 1, "canceled")],
    # The first order came to nothing, so it was no sale.
    "restart": [("2018-01-10 12:00:00", 1, "canceled"), ("2018-06-11 12:00:00", 31, "delivered")],
}

# Postal code to when its reviews of one star were answered, besides 29 in 2018-05.
REVIEWS = {
    "00001": ["2018-06-01 12:00:00", "2018-08-29 23:59:59"],
    "00002": ["2018-06-01 12:00:00", "2018-06-01 12:00:00"],
    "00003": ["2018-06-01 12:00:00", "2018-06-01 12:00:00", "2018-06-01 12:00:00"],
    "00004": ["2018-06-01 12:00:00"],
    "00005": ["2018-06-01 12:00:00", "2018-08-30 00:00:00"],
    "00006": ["2018-06-01 12:00:00", "2017-08-30 00:00:00"],
    "00007": ["2018-06-01 12:00:00", "2017-08-29 23:59:59"],
}


def order_id(customer: str, number: int) -> str:
    """The id that `plant_customer` gives."""
    return f"{customer}order{number}".encode().hex().ljust(32, "1")[:32]


def plant_everything(folder: Path) -> None:
    late_seller = plant_seller(folder, "late")
    plant_customer(
        folder,
        "late",
        [
            Purchase(
                ordered_at,
                [("50.00", "5.00")],
                card("55.00"),
                status=status,
                delivered_at=delivered_at,
                estimated="2018-07-10 00:00:00",
                seller_id=late_seller,
            )
            for ordered_at, delivered_at, status in LATE_ORDERS.values()
        ],
    )
    for name, sales in AMOUNTS.items():
        seller_id = plant_seller(folder, name)
        plant_customer(
            folder,
            f"a{name}",
            [
                Purchase(
                    ordered_at,
                    [(price, freight)],
                    card("1.00"),
                    status=status,
                    delivered_at=delivered_at,
                    seller_id=seller_id,
                )
                for ordered_at, delivered_at, status, price, freight in sales
            ],
        )
    for name, batches in PIECES.items():
        seller_id = plant_seller(folder, name)
        plant_customer(
            folder,
            f"p{name}",
            [
                Purchase(
                    ordered_at,
                    [("2.00", "1.00")] * pieces,
                    card("3.00"),
                    status=status,
                    seller_id=seller_id,
                )
                for ordered_at, pieces, status in batches
            ],
        )
    for postal_code, answers in REVIEWS.items():
        seller_id = plant_seller(folder, f"z{postal_code}", postal_code)
        plant_customer(
            folder,
            f"z{postal_code}",
            [
                Purchase(
                    "2017-08-01 12:00:00",
                    [("20.00", "2.00"), ("10.00", "1.00")],  # two pieces, still one review
                    card("33.00"),
                    delivered_at="2017-08-20 12:00:00",
                    review=(1, answered_at),
                    seller_id=seller_id,
                )
                for answered_at in ["2018-05-15 12:00:00"] * 29 + answers
            ],
        )
    # A second seller of the same postal code in one of the reviewed orders.
    neighbour = plant_seller(folder, "neighbour", "00001")
    append_rows(
        folder,
        ITEMS,
        [
            {
                "order_id": order_id("z00001", 0),
                "order_item_id": 3,
                "product_id": a_product(folder),
                "seller_id": neighbour,
                "shipping_limit_date": "2017-08-05 12:00:00",
                "price": "5.00",
                "freight_value": "1.00",
            }
        ],
    )


def a_product(folder: Path) -> str:
    with (folder / f"{PRODUCTS}.csv").open() as stream:
        next(stream)
        return next(stream).split(",")[0].strip('"')


def seller(name: str) -> str:
    """The id that `plant_seller` gives."""
    return name.encode().hex().ljust(32, "3")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("operations")
    generate_demo_shop(folder / "data", order_count=1_500, seed=5)
    plant_everything(folder / "data")
    shop = Shop(folder / "data", folder)
    shop.run("regulars", "load")
    shop.run("dbt", *OPERATIONS)
    return shop


def sellers_in(shop: Shop, mart: str, names: dict) -> set[str]:
    by_id = {seller(name): name for name in names}
    rows = shop.rows(f"select seller_id from marts.{mart}")
    return {by_id[seller_id] for (seller_id,) in rows if seller_id in by_id}


def test_late_recent_orders_are_those_of_the_hand_count(shop):
    rows = shop.rows(
        f"""
        select order_id, ordered_at, delivered_at, estimated_delivery_date, late_days, state,
            paid_amount, seller_count, seller_id
        from marts.late_recent_orders where seller_id = '{seller("late")}' order by late_days
        """
    )
    names = list(LATE_ORDERS)
    expected = [("three days late", 3), ("on the edge", 4), ("delivered just before", 50)]
    assert rows == [
        (
            order_id("late", names.index(name)),
            datetime.fromisoformat(LATE_ORDERS[name][0]),
            datetime.fromisoformat(LATE_ORDERS[name][1]),
            date(2018, 7, 10),
            late_days,
            "SP",
            Decimal("55.00"),
            1,
            seller("late"),
        )
        for name, late_days in expected
    ]


def test_a_large_seller_is_over_a_hundred_thousand_delivered_in_time(shop):
    assert sellers_in(shop, "large_sellers", AMOUNTS) == {"over"}
    assert shop.rows(
        f"""
        select order_count, item_count, item_amount, freight_amount, delivered_order_count,
            delivered_amount, is_selling, first_sale_at, review_count, average_review_score,
            late_share
        from marts.seller_performance where seller_id = '{seller("at")}'
        """
    ) == [
        (
            4,  # the canceled order is no sale
            4,
            Decimal("108000.00"),
            Decimal("2000.00"),
            2,  # one was delivered at the as-of midnight, one not at all
            Decimal("100000.00"),
            True,
            datetime(2018, 1, 10, 12),
            0,
            None,
            0.0,
        )
    ]


def test_a_busy_new_seller_sold_more_than_thirty_pieces_within_three_months(shop):
    assert sellers_in(shop, "busy_new_sellers", PIECES) == {"one more", "young", "restart"}


def test_the_worst_postal_codes_have_more_than_thirty_reviews_in_twelve_months(shop):
    """All have one star throughout: the one with more reviews is worse, then the lower code."""
    rows = shop.rows(
        """
        select review_rank, postal_code, seller_count, review_count, average_review_score
        from marts.worst_reviewed_postal_codes order by review_rank
        """
    )
    assert rows[:4] == [
        (1, "00003", 1, 32, 1.0),
        (2, "00001", 2, 31, 1.0),
        (3, "00002", 1, 31, 1.0),
        (4, "00006", 1, 31, 1.0),
    ]
    assert not {code for _, code, *_ in rows} & {"00004", "00005", "00007"}


def test_every_threshold_is_a_variable(shop, tmp_path):
    own = shop.copy_to(tmp_path)
    thresholds = {
        "late_order_least_days": 2,
        "late_order_window_months": 4,
        "large_seller_amount": 99_999,
        "busy_seller_item_count": 29,
        "new_seller_window_months": 4,
        "worst_review_count": 29,
        "worst_postal_code_count": 7,
    }
    own.run(
        "dbt", "run", "--vars", json.dumps(thresholds), "--select", "late_recent_orders",
        "large_sellers", "busy_new_sellers", "worst_reviewed_postal_codes",
    )  # fmt: skip
    late = f"select count(*) from marts.late_recent_orders where seller_id = '{seller('late')}'"
    assert (shop.rows(late), own.rows(late)) == ([(3,)], [(5,)])
    assert sellers_in(own, "large_sellers", AMOUNTS) == {"at", "over"}
    assert sellers_in(own, "busy_new_sellers", PIECES) == set(PIECES)
    assert own.rows(
        "select postal_code from marts.worst_reviewed_postal_codes order by review_rank"
    ) == [(f"0000{n}",) for n in (3, 1, 2, 6, 4, 5, 7)]


def test_a_young_shop_with_nothing_to_report_has_empty_requests_and_passes_its_tests(
    shop, tmp_path
):
    own = shop.copy_to(tmp_path)
    done = own.run("dbt", *OPERATIONS, REGULARS_AS_OF_DATE="2017-01-02")
    assert "ERROR=0" in done.stdout
    for mart in ("late_recent_orders", "large_sellers", "busy_new_sellers"):
        assert own.rows(f"select count(*) from marts.{mart}") == [(0,)]
    assert own.rows("select count(*) from marts.worst_reviewed_postal_codes") == [(0,)]
    assert own.rows("select max(order_date) from marts.orders_daily") == [(date(2017, 1, 1),)]


def test_a_warehouse_of_an_earlier_version_takes_a_seeds_new_column(shop, tmp_path):
    own = shop.copy_to(tmp_path)
    with own.open(read_only=False) as connection:
        connection.execute("alter table canonical.order_statuses drop column is_canceled")
    own.run("dbt", "build", "--select", "order_statuses", "--indirect-selection", "cautious")
    assert own.rows("select order_status from canonical.order_statuses where is_canceled") == [
        ("canceled",)
    ]

"""Small shops unlike the demo: say what is odd, and the raw files are written whole."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shops import Shop

from orchestration.loading.tables import default_source, source_tables

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class ShopWithoutFiles(Shop):
    """A shop whose owner has set no folder of raw files: it is the demo shop."""

    def environment(self, **more: str) -> dict[str, str]:
        environment = super().environment(**more)
        del environment["REGULARS_DATA_DIR"]
        return environment


@dataclass(frozen=True)
class Order:
    """An order of an odd shop.

    Attributes:
        person: who placed it.
        ordered_at: like ``2018-08-29 12:00:00``.
        payments: amounts paid; none where there is no payment.
        status: final.
        delivery_days: until it was delivered; None where that is not known.
        score: of its review, answered two days after the delivery; None where there is none.
        prices: of its pieces; none where its items are not known.
        product: what was bought.
        place: city and state.
    """

    person: str
    ordered_at: str
    payments: Sequence[str] = ("50.00",)
    status: str = "delivered"
    delivery_days: int | None = 7
    score: int | None = 5
    prices: Sequence[str] = ("40.00",)
    product: str = "lamp"
    place: tuple[str, str] = ("sao paulo", "SP")


def write_shop(folder: Path, orders: Iterable[Order], *, without: Sequence[str] = ()) -> Path:
    """Write the raw files, save for those of tables that the shop is without."""
    tables = source_tables(default_source())
    rows: dict[str, list[dict[str, object]]] = {table.name: [] for table in tables}
    products: dict[str, None] = {}
    for number, order in enumerate(orders):
        key, products[order.product] = f"o{number:06}", None
        _add_order(rows, key, order)
    rows["products"] = [
        {"product_id": product, "product_category_name": "cama_mesa_banho", "product_weight_g": 500}
        for product in products
    ]
    rows["product_category_name_translation"] = [
        {
            "product_category_name": "cama_mesa_banho",
            "product_category_name_english": "bed_bath_table",
        }
    ]
    place = {"zip_code_prefix": "01001", "city": "sao paulo", "state": "SP"}
    rows["sellers"] = [
        {"seller_id": "seller", **{f"seller_{name}": value for name, value in place.items()}}
    ]
    rows["geolocation"] = [
        {
            **{f"geolocation_{name}": value for name, value in place.items()},
            "geolocation_lat": -23.5,
            "geolocation_lng": -46.6,
        }
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        if table.name in without:
            continue
        path = folder / f"{table.file_stem}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(table.columns), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[table.name])
    return folder


def _add_order(rows: dict[str, list[dict[str, object]]], key: str, order: Order) -> None:
    ordered = datetime.strptime(order.ordered_at, TIME_FORMAT)
    delivered = None
    if order.delivery_days is not None:
        delivered = ordered + timedelta(days=order.delivery_days)
    city, state = order.place
    rows["customers"].append(
        {
            "customer_id": f"c-{key}",
            "customer_unique_id": order.person,
            "customer_zip_code_prefix": "01001",
            "customer_city": city,
            "customer_state": state,
        }
    )
    rows["orders"].append(
        {
            "order_id": key,
            "customer_id": f"c-{key}",
            "order_status": order.status,
            "order_purchase_timestamp": ordered,
            "order_approved_at": ordered + timedelta(hours=1),
            "order_delivered_carrier_date": ordered + timedelta(days=1) if delivered else "",
            "order_delivered_customer_date": delivered or "",
            "order_estimated_delivery_date": (ordered + timedelta(days=20)).replace(
                hour=0, minute=0, second=0
            ),
        }
    )
    for number, amount in enumerate(order.payments, start=1):
        rows["order_payments"].append(
            {
                "order_id": key,
                "payment_sequential": number,
                "payment_type": "credit_card",
                "payment_installments": 1,
                "payment_value": amount,
            }
        )
    for number, price in enumerate(order.prices, start=1):
        rows["order_items"].append(
            {
                "order_id": key,
                "order_item_id": number,
                "product_id": order.product,
                "seller_id": "seller",
                "shipping_limit_date": ordered + timedelta(days=3),
                "price": price,
                "freight_value": "10.00",
            }
        )
    if order.score is not None:
        sent = (delivered or ordered) + timedelta(days=1)
        rows["order_reviews"].append(
            {
                "review_id": f"r-{key}",
                "order_id": key,
                "review_score": order.score,
                "review_creation_date": sent,
                "review_answer_timestamp": sent + timedelta(days=1),
            }
        )

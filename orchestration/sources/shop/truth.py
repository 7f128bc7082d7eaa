"""Writes the planted truth: Parquet files in a folder of their own, which no loader reads."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from orchestration.sources.shop.baskets import PAID_SHARE
from orchestration.sources.shop.catalogue import CATEGORIES, SERVICES
from orchestration.sources.shop.documents import customer_ids
from orchestration.sources.shop.moments import CLOSES, OPENS, SPAN_DAYS, IntArray, to_timestamps
from orchestration.sources.shop.people import CITIES, Orders
from orchestration.sources.shop.returns import MATCH_KINDS
from orchestration.sources.shop.scenarios import Scenario
from orchestration.sources.shop.theory import (
    expect_order_amount,
    expect_value,
    pair_probabilities,
)
from orchestration.sources.shop.writing import Shop

FOLDER_NAME = "truth"
HORIZONS = (90, 180, 365)


def write_truth(
    folder: Path,
    shop: Shop,
    orders: Orders,
    scenario: Scenario,
    settings: dict[str, int | str],
    counts: dict[str, int],
) -> None:
    """Write all tables of the truth into ``truth/``.

    Args:
        folder: of the shop.
        shop: what was drawn.
        orders: in the order of time.
        scenario: from which it was drawn.
        settings: seed, name of the scenario and order count.
        counts: rows that were written.
    """
    place = folder / FOLDER_NAME
    place.mkdir()
    tables = {
        "shop": _shop(scenario, counts, settings),
        "customers": _customers(shop, orders),
        "habits": _habits(shop),
        "products": _products(shop),
        "tastes": _tastes(shop),
        "pairs": _pairs(shop),
        "orders": _orders(shop, orders),
        "returns": _returns(shop, orders),
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), place / f"{name}.parquet")


def _euros(cents: IntArray) -> pa.Array:
    """Amounts to the cent, so that they can be summed without noise."""
    whole = pa.array(cents).cast(pa.decimal128(19, 0))
    return pa.compute.multiply(whole, pa.scalar(Decimal("0.01"))).cast(pa.decimal128(18, 2))


def _shop(
    scenario: Scenario, counts: dict[str, int], generator_settings: dict[str, int | str]
) -> dict[str, Any]:
    """One row: what was asked for, the parameters, and until when the file goes."""
    settings = {
        name: [value] for name, value in {**generator_settings, **counts, **vars(scenario)}.items()
    }
    return {
        **settings,
        "opened_at": pa.array([OPENS], pa.timestamp("s")),
        "closed_at": pa.array([CLOSES], pa.timestamp("s")),
        "mean_paid_share": [PAID_SHARE],
    }


def _customers(shop: Shop, orders: Orders) -> dict[str, Any]:
    """One row per customer: what they are like, and what is to be expected after the file ends."""
    count = shop.people.customer_count
    people = shop.people.of(np.arange(count))
    order_count = np.bincount(orders.person, minlength=count)[:count]
    last = np.zeros(len(shop.people.born))
    np.maximum.at(last, orders.person, orders.day)
    is_alive = people.dropped > SPAN_DAYS
    columns: dict[str, Any] = {
        "customer_id": customer_ids(shop.people, np.arange(count)),
        "first_order_at": to_timestamps(people.born),
        "last_order_at": to_timestamps(last[:count]),
        "dropped_out_at": to_timestamps(people.dropped),
        "is_active_at_close": is_alive,
        "purchase_rate_per_day": people.rate,
        "dropout_rate_per_day": people.dropout_rate,
        "order_count": order_count,
        "taste": people.taste,
        "mean_pieces": people.pieces,
        "mean_basket_amount": expect_order_amount(shop.catalogue, people),
        "return_propensity": people.return_propensity,
        "city": pa.array([place[2] for place in CITIES]).take(pa.array(people.city)),
    }
    for days in HORIZONS:
        expected, value = expect_value(
            shop.catalogue, people, is_alive=is_alive, since=SPAN_DAYS - last[:count], days=days
        )
        columns[f"expected_order_count_{days}_days"] = expected
        columns[f"expected_value_{days}_days"] = value
    return columns


def _habits(shop: Shop) -> dict[str, Any]:
    """One row per customer and product that they use up."""
    people = shop.people
    person, place = np.nonzero(people.habit >= 0)
    product = people.habit[person, place]
    return {
        "customer_id": customer_ids(people, person),
        "product_id": shop.catalogue.product_id.take(pa.array(product)),
        "replenishment_interval_days": people.habit_interval[person, place],
    }


def _products(shop: Shop) -> dict[str, Any]:
    """One row per product and service."""
    catalogue = shop.catalogue
    services = len(SERVICES)
    nothing = np.full(services, np.nan)
    names = [CATEGORIES[number].name for number in catalogue.category] + [None] * services
    kinds = ["merchandise"] * catalogue.product_count + [
        "shipping" if product_id.startswith("SHIP-") else "fee" for product_id, _, _ in SERVICES
    ]
    return {
        "product_id": catalogue.product_id,
        "product_name": catalogue.product_name,
        "category_name": pa.array(names, pa.string()),
        "product_kind": kinds,
        "unit_price": _euros(catalogue.price_cents),
        "replenishment_interval_days": pa.array(
            np.concatenate([catalogue.interval_days, nothing]), from_pandas=True
        ),
        "return_factor": pa.array(
            np.concatenate([catalogue.return_factor, nothing]), from_pandas=True
        ),
    }


def _tastes(shop: Shop) -> dict[str, Any]:
    """One row per taste and product: the probability of each pick."""
    tastes, products = shop.catalogue.pick_probability.shape
    return {
        "taste": np.repeat(np.arange(tastes), products),
        "product_id": shop.catalogue.product_id.take(
            pa.array(np.tile(np.arange(products), tastes))
        ),
        "pick_probability": shop.catalogue.pick_probability.ravel(),
    }


def _pairs(shop: Shop) -> dict[str, Any]:
    """One row per planted pair: what its shares and lift would be in endless many orders.

    ``lift_without_affinity`` is what tastes and sizes of baskets alone would lift the pair by.
    """
    catalogue = shop.catalogue
    probabilities = pair_probabilities(catalogue)
    # Tastes are equally frequent, whatever else a person is like.
    mean = {
        name: probability.mean(axis=0)
        for name, probability in probabilities.items()
        if probability.ndim == 2
    }
    alone = mean["both_alone"] / (mean["product_inside"] * mean["companion_alone"])
    return {
        "product_id": catalogue.product_id.take(pa.array(probabilities["product"])),
        "companion_id": catalogue.product_id.take(pa.array(probabilities["companion"])),
        "attach_probability": catalogue.attach_probability[probabilities["product"]],
        "product_share": mean["product_inside"],
        "companion_share": mean["companion_inside"],
        "support": mean["both"],
        "confidence": mean["both"] / mean["product_inside"],
        "lift": mean["both"] / (mean["product_inside"] * mean["companion_inside"]),
        "lift_without_affinity": alone,
    }


def _orders(shop: Shop, orders: Orders) -> dict[str, Any]:
    """One row per order; customer_id says whose it is, also where the file does not."""
    facts, documents = shop.facts, shop.documents
    service = facts.service_cents()
    return {
        "order_id": documents.ids(documents.place_of_order),
        "customer_id": customer_ids(shop.people, orders.person),
        "ordered_at": documents.moments(documents.place_of_order),
        "merchandise_amount": _euros(facts.merchandise_cents),
        "service_amount": _euros(service),
        "discount_amount": _euros(facts.coupon_cents),
        "total_amount": _euros(facts.merchandise_cents + service - facts.coupon_cents),
        "product_count": np.bincount(shop.lines.order, minlength=len(orders)),
    }


def _returns(shop: Shop, orders: Orders) -> dict[str, Any]:
    """One row per returned line; order_id is the purchase that was undone, if the file has it."""
    returns, documents = shop.returns, shop.documents
    has_line = returns.line >= 0
    order = shop.lines.order[np.maximum(returns.line, 0)].astype(np.int64)
    purchase = documents.ids(documents.place_of_order[order])
    return {
        "return_id": documents.ids(documents.place_of_return[returns.document]),
        "order_id": pa.compute.if_else(pa.array(has_line), purchase, pa.scalar(None, pa.string())),
        "customer_id": customer_ids(shop.people, returns.person),
        "product_id": shop.catalogue.product_id.take(pa.array(returns.product)),
        "quantity": returns.quantity,
        "returned_amount": _euros(returns.amount_cents(shop.catalogue)),
        "returned_at": to_timestamps(returns.day),
        "match_kind": pa.array(MATCH_KINDS).take(pa.array(returns.kind)),
        "is_only_purchase": returns.is_only_purchase,
    }

"""What lies in each order of the demo shop, its price and freight."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.sources.olist.calendar import SECONDS_PER_DAY
from orchestration.sources.olist.draws import IntArray, pick
from orchestration.sources.olist.orders import STATUSES, Orders
from orchestration.sources.olist.people import PeopleTypes
from orchestration.sources.olist.places import Places
from orchestration.sources.olist.products import Catalogue
from orchestration.sources.olist.scenarios import ITEM_COUNTS
from orchestration.sources.olist.writing import CsvWriters, to_money, to_timestamps

NO_ITEM_SHARES = {"unavailable": 0.99, "canceled": 0.26, "created": 1.0, "invoiced": 0.006,
                  "shipped": 0.001}  # fmt: skip


def write_items(
    writers: CsvWriters,
    rng: np.random.Generator,
    places: Places,
    catalogue: Catalogue,
    buyers: PeopleTypes,
    order_id: pa.Array,
    orders: Orders,
) -> IntArray:
    """Price plus freight of each order in cents, also for orders whose items are missing."""
    count = len(order_id)
    item_count = np.array(ITEM_COUNTS)[buyers.pick(rng, lambda kind: kind.item_count_shares)]
    order = np.repeat(np.arange(count), item_count)
    number = np.arange(len(order)) - np.repeat(np.cumsum(item_count) - item_count, item_count) + 1
    product = pick(rng, catalogue.popularity, len(order))
    # Further items are mostly the same product again, so look back to the first item.
    first_of = np.arange(len(order)) - (number - 1)
    again_share = buyers.values_of("same_product_again_share")[order]
    repeats = (number > 1) & (rng.random(len(order)) < again_share)
    product = np.where(repeats, product[first_of], product)
    shifted = catalogue.product_price[product] * np.exp(buyers.values_of("log_price_shift")[order])
    price_cents = np.maximum(100, np.round(shifted * 10) * 10 - 1).astype(np.int64)
    seller = catalogue.product_seller[product]
    seller_place = catalogue.seller_place[seller]
    far = np.hypot(
        places.latitude[orders.place[order]] - places.latitude[seller_place],
        places.longitude[orders.place[order]] - places.longitude[seller_place],
    )
    freight = 8 + 1.2 * np.minimum(far, 30) + 0.0018 * catalogue.product_weight_g[product]
    freight_cents = np.round(freight * np.exp(rng.normal(0, 0.25, len(order))) * 100)
    freight_cents = freight_cents.clip(0, 40_000).astype(np.int64)
    limit_days = np.where(rng.random(len(order)) < 2e-5, 600, 3 + rng.poisson(3, len(order)))
    limit = orders.ordered_at[order] + limit_days * SECONDS_PER_DAY

    missing_share = np.array([NO_ITEM_SHARES.get(status, 0.0) for status in STATUSES])
    missing = rng.random(count) < missing_share[orders.status]
    kept = np.flatnonzero(~missing[order])
    writers.write(
        "olist_order_items_dataset",
        {
            "order_id": order_id.take(pa.array(order[kept])),
            "order_item_id": number[kept],
            "product_id": catalogue.product_id.take(pa.array(product[kept])),
            "seller_id": catalogue.seller_id.take(pa.array(seller[kept])),
            "shipping_limit_date": to_timestamps(limit[kept]),
            "price": to_money(price_cents[kept]),
            "freight_value": to_money(freight_cents[kept]),
        },
    )
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, order, price_cents + freight_cents)
    return total

"""Writes the flat file: one row per line of a sale or a return, by time, in chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pa_csv

from orchestration.sources.shop.baskets import CHUNK_ORDERS, Lines, OrderFacts
from orchestration.sources.shop.catalogue import CATEGORIES, SERVICES, Catalogue
from orchestration.sources.shop.documents import Documents, customer_ids, emails
from orchestration.sources.shop.moments import IntArray
from orchestration.sources.shop.people import CITIES, People
from orchestration.sources.shop.returns import Returns

FILE_NAME = "order_lines.csv"


@dataclass(frozen=True)
class Shop:
    """All that was drawn.

    Attributes:
        catalogue: what is sold.
        people: who buys.
        lines: of all orders.
        facts: of all orders.
        returns: of some lines.
        documents: orders and return orders by time.
    """

    catalogue: Catalogue
    people: People
    lines: Lines
    facts: OrderFacts
    returns: Returns
    documents: Documents


@dataclass(frozen=True)
class _Rows:
    """Rows of the file: the document, the product, pieces with their sign, discount."""

    document: IntArray
    product: IntArray
    quantity: IntArray
    discount_cents: IntArray


def write_lines(folder: Path, shop: Shop, progress: Callable[[int], None]) -> dict[str, int]:
    """Write the flat file.

    Args:
        folder: in which.
        shop: what was drawn.
        progress: called with how many orders are written.

    Returns:
        How many rows it has, and how many of them are of returns.
    """
    row_count = 0
    options = pa_csv.WriteOptions(quoting_style="needed")
    count = len(shop.documents)
    edges = np.arange(0, count + CHUNK_ORDERS, CHUNK_ORDERS).clip(max=count)
    orders = np.searchsorted(shop.documents.place_of_order, edges)
    writer: pa_csv.CSVWriter | None = None
    try:
        for places, (first, last) in zip(pairwise(edges), pairwise(orders), strict=True):
            table = _table(shop, _collect(shop, places, slice(first, last)))
            if writer is None:
                path = str(folder / FILE_NAME)
                writer = pa_csv.CSVWriter(path, table.schema, write_options=options)
            writer.write_table(table)
            row_count += len(table)
            progress(int(last))
    finally:
        if writer is not None:
            writer.close()
    return {"row_count": row_count, "return_row_count": len(shop.returns.line)}


def _collect(shop: Shop, places: tuple[int, int], orders: slice) -> _Rows:
    """The rows of some documents, each document's together."""
    lines, facts, returns = shop.lines, shop.facts, shop.returns
    place = shop.documents.place_of_order
    first, last = np.searchsorted(lines.order, [orders.start, orders.stop])
    order = lines.order[first:last].astype(np.int64)
    quantity = lines.quantity[first:last].astype(np.int64)
    split = lines.split[first:last].astype(np.int64)
    product = lines.product[first:last].astype(np.int64)
    is_split = split > 0
    parts = [
        _Rows(place[order], product, quantity - split, lines.discount_cents[first:last]),
        _Rows(place[order[is_split]], product[is_split], split[is_split], _zeros(is_split.sum())),
    ]
    shipping = facts.shipping[orders].astype(np.int64)
    wrapping = np.where(facts.is_wrapped[orders], len(SERVICES), 0)
    for service in (shipping, wrapping):
        has = service > 0
        ones = _zeros(has.sum()) + 1
        number = shop.catalogue.product_count + service[has] - 1
        parts.append(_Rows(place[orders][has], number, ones, _zeros(has.sum())))
    returned = shop.documents.place_of_return[returns.document]
    begin, end = np.searchsorted(returned, places)
    back = slice(begin, end)
    parts.append(
        _Rows(
            returned[back], returns.product[back], -returns.quantity[back],
            returns.discount_cents[back],
        )
    )  # fmt: skip
    names = ("document", "product", "quantity", "discount_cents")
    rows = _Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    # Stable, so that shipping and wrapping follow the products.
    by_document = np.argsort(rows.document, kind="stable")
    return _Rows(*(getattr(rows, name)[by_document] for name in names))


def _zeros(count: int) -> IntArray:
    return np.zeros(count, dtype=np.int64)


def _money(cents: IntArray, mask: np.ndarray | None = None) -> pa.Array:
    """Amounts as numbers with a point, null where the mask is true."""
    return pa.array(cents / 100.0, mask=mask)


def _table(shop: Shop, rows: _Rows) -> pa.Table:
    catalogue, documents, people = shop.catalogue, shop.documents, shop.people
    first = int(rows.document[0]) if len(rows.document) else 0
    places = np.arange(first, int(rows.document[-1]) + 1) if len(rows.document) else _zeros(0)
    person, is_return = documents.person[places], documents.is_return[places]
    order = np.where(is_return, 0, np.searchsorted(documents.place_of_order, places))
    facts = shop.facts
    is_in_capitals = facts.is_in_capitals[order] & ~is_return
    has_no_id = pa.array(facts.has_no_id[order] & ~is_return)
    ids = customer_ids(people, person)
    ids = pa.compute.if_else(has_no_id, pa.scalar(None, pa.string()), ids)
    price = catalogue.price_cents[rows.product]
    amount = rows.quantity * price - np.sign(rows.quantity) * rows.discount_cents
    lines = np.bincount(rows.document - first, weights=amount, minlength=len(places))
    coupon = np.where(is_return, 0, facts.coupon_cents[order])
    city = people.city[person]
    of_document = {
        "order_id": documents.ids(places),
        "ordered_at": documents.moments(places),
        "customer_id": ids,
        "email": emails(people, person, is_in_capitals),
        "country": _texts([place[0] for place in CITIES], city),
        "postal_code": _texts([place[1] for place in CITIES], city),
        "city": _texts([place[2] for place in CITIES], city),
        "discount_amount": _money(coupon, coupon == 0),
        "total_amount": _money(lines - coupon),
    }
    where = pa.array(rows.document - first)
    columns = {name: column.take(where) for name, column in of_document.items()}
    category = np.concatenate([catalogue.category, np.full(len(SERVICES), -1)])[rows.product]
    names = _texts([definition.name for definition in CATEGORIES], np.maximum(category, 0))
    product = pa.array(rows.product)
    columns["product_id"] = catalogue.product_id.take(product)
    columns["product_name"] = catalogue.product_name.take(product)
    columns["category_name"] = pa.compute.if_else(
        pa.array(category < 0), pa.scalar(None, pa.string()), names
    )
    columns["quantity"] = pa.array(rows.quantity)
    columns["unit_price"] = _money(price)
    columns["line_discount_amount"] = _money(rows.discount_cents, rows.discount_cents == 0)
    return pa.table({name: columns[name] for name in COLUMNS})


COLUMNS = (
    "order_id", "ordered_at", "customer_id", "email", "country", "postal_code", "city",
    "product_id", "product_name", "category_name", "quantity", "unit_price",
    "line_discount_amount", "discount_amount", "total_amount",
)  # fmt: skip


def _texts(values: list[str], codes: IntArray) -> pa.Array:
    return pa.array(values).take(pa.array(codes))

"""Samples of flat lines, of orders and lines, and of the UCI archive's shop, counted as written."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

from sample_orders import (
    CANCELLED,
    DELIVERED,
    MADE,
    PARTLY,
    PENDING,
    REFUNDED,
    Line,
    Order,
    Sample,
    make_orders,
    money,
    piece_of,
    total_of,
    write_rows,
)

BERLIN, LONDON = "Europe/Berlin", "Europe/London"


# -- UCI Online Retail ----------------------------------------------------------------------------

RETAIL_COLUMNS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def write_online_retail(folder: Path, order_count: int, seed: int) -> Sample:
    """Lines only; returns are invoices of their own, and postage is a line."""
    rng = random.Random(seed)
    sample = Sample("online_retail", LONDON)
    rows: list[tuple[datetime, list[str]]] = []

    def add(invoice: str, moment: datetime, code: str, quantity: int, price: int, who: str) -> None:
        local = moment.replace(tzinfo=None)
        rows.append((local, [
            invoice, code, f" {code} ", str(quantity), f"{local:%m/%d/%Y %H:%M}", money(price), who,
            "United Kingdom",
        ]))  # fmt: skip

    for order in make_orders(order_count, seed, LONDON, guest_share=0.15):
        who = str(12_000 + order.person.number) if order.person else ""
        invoice, goods = str(536_000 + order.number), 0
        for line in order.lines:
            # Identical lines are repeated scans: both count.
            for _ in range(2 if rng.random() < 0.03 else 1):
                add(invoice, order.ordered_at, line.product.code, line.quantity,
                    line.product.price, who)  # fmt: skip
                goods += line.price
                sample.line_kinds["sale"] += 1
        if order.shipping:
            add(invoice, order.ordered_at, "POST", 1, order.shipping, who)
            sample.line_kinds["sale"] += 1
        if who and rng.random() < 0.02:
            add(invoice, order.ordered_at, "KI-001", 1, 0, who)
            sample.line_kinds["gift"] += 1
        returned = 0
        for line in order.lines:
            if line.refunded_quantity:
                add(f"C{invoice}", order.later["refunded"], line.product.code,
                    -line.refunded_quantity, line.product.price, who)  # fmt: skip
                returned += line.refunded_quantity * line.product.price
                sample.line_kinds["return"] += 1
        if rng.random() < 0.02:
            add(f"{900_000 + order.number}", order.ordered_at, "GA-013", -3, 0, "")
            sample.line_kinds["stock_movement"] += 1
        sample.count(
            order, order.ordered_at.replace(second=0), is_valid=True, merchandise=goods,
            other_lines=order.shipping, refunds=returned,
        )  # fmt: skip
    rows.sort(key=lambda row: row[0])
    columns = RETAIL_COLUMNS.split(",")
    write_rows(
        folder / "online_retail_sample.csv",
        (dict(zip(columns, row, strict=True)) for _, row in rows), columns,
    )  # fmt: skip
    return sample


# -- plain names ----------------------------------------------------------------------------------

PLAIN_ORDER = [
    "order_id",
    "order_date",
    "customer_id",
    "email",
    "status",
    "currency",
    "shipping_amount",
    "tax_amount",
    "discount_amount",
    "total_amount",
    "refunded_amount",
    "postal_code",
    "city",
    "state",
    "country",
]
PLAIN_LINE = [
    "product_id",
    "product_name",
    "category_name",
    "quantity",
    "unit_price",
    "line_discount_amount",
]
PLAIN_STATUSES = {
    DELIVERED: "delivered", PARTLY: "delivered", REFUNDED: "refunded", PENDING: "pending",
    CANCELLED: "cancelled",
}  # fmt: skip


def _plain_head(order: Order, refunded: int) -> dict[str, str]:
    person, total = order.person, total_of(order)
    zip_code, city, state = person.place if person else ("10115", "Berlin", "BE")
    return {
        "order_id": f"A{order.number:06d}", "order_date": f"{order.ordered_at:%Y-%m-%d %H:%M:%S}",
        "customer_id": f"K{person.number}" if person else "",
        "email": person.email if person else "", "status": PLAIN_STATUSES[order.fate],
        "currency": "EUR", "shipping_amount": money(order.shipping - order.shipping_discount),
        "tax_amount": money(total * 19 // 119), "discount_amount": money(order.discount),
        "total_amount": money(total), "refunded_amount": money(refunded), "postal_code": zip_code,
        "city": city, "state": state, "country": "DE",
    }  # fmt: skip


def _plain_line(line: Line, quantity: int) -> dict[str, str]:
    return {
        "product_id": line.product.code, "product_name": line.product.name,
        "quantity": str(quantity), "unit_price": money(line.product.price),
        "line_discount_amount": money(line.discount if quantity > 0 else 0),
    }  # fmt: skip


def _count_plain(sample: Sample, order: Order, refunded: int, **more: int) -> None:
    total = total_of(order)
    sample.line_kinds["sale"] += len(order.lines)
    sample.count(
        order, order.ordered_at, is_valid=order.fate in MADE,
        merchandise=order.goods, other_lines=0, shipping=order.shipping - order.shipping_discount,
        tax=total * 19 // 119, discounts=order.discount, total=total, refunds=refunded, **more,
    )  # fmt: skip


def write_flat_lines(folder: Path, order_count: int, seed: int) -> Sample:
    """Prices include the tax; pieces that came back are lines of a negative quantity."""
    sample = Sample("flat_lines", BERLIN)
    rows: list[dict[str, str]] = []
    for order in make_orders(order_count, seed, BERLIN):
        refunded = total_of(order) if order.fate == REFUNDED else 0
        head, returned = _plain_head(order, refunded), 0
        for line in order.lines:
            rows.append({**head, **_plain_line(line, line.quantity),
                         "category_name": line.product.category})  # fmt: skip
        if order.fate == PARTLY:
            line = order.lines[-1]
            returned = line.product.price
            back = {"order_id": f"R{order.number:06d}", "status": "delivered", "currency": "EUR",
                    "customer_id": head["customer_id"], "email": head["email"],
                    "order_date": f"{order.later['refunded']:%Y-%m-%d %H:%M:%S}"}  # fmt: skip
            rows.append({**back, **_plain_line(line, -1)})
            sample.line_kinds["return"] += 1
        _count_plain(sample, order, refunded + returned)
    write_rows(folder / "sales.csv", rows, [*PLAIN_ORDER, *PLAIN_LINE])
    return sample


PLAIN_FILES = {
    "orders": [name for name in PLAIN_ORDER if name != "refunded_amount"],
    "order_lines": ["order_id", *(name for name in PLAIN_LINE if name != "category_name")],
    "payments": ["payment_id", "order_id", "payment_type", "transaction_kind", "payment_status",
                 "paid_amount", "paid_at"],
    "products": ["product_id", "product_name", "category_name"],
    "customers": ["customer_id", "email", "city", "country"],
    "reviews": ["review_id", "order_id", "review_score", "answered_at"],
    "shipments": ["order_id", "shipped_at", "delivered_at"],
    "returns": ["return_id", "order_id", "product_id", "quantity", "returned_amount",
                "returned_at"],
}  # fmt: skip
PLAIN_TIME = "%Y-%m-%d %H:%M:%S"


def write_orders_and_lines(folder: Path, order_count: int, seed: int) -> Sample:
    """Two files, and each optional table in one more; some orders are paid in two ways."""
    rng = random.Random(seed)
    sample = Sample("orders_and_lines", BERLIN)
    tables: dict[str, list[dict[str, str]]] = {name: [] for name in PLAIN_FILES}
    for order in make_orders(order_count, seed, BERLIN):
        head = _plain_head(order, 0)
        key = {"order_id": head["order_id"]}
        tables["orders"].append(head)
        tables["order_lines"] += [{**key, **_plain_line(line, line.quantity)}
                                  for line in order.lines]  # fmt: skip
        tables["products"] += [
            {"product_id": line.product.code, "product_name": line.product.name,
             "category_name": line.product.category}
            for line in order.lines
        ]  # fmt: skip
        if order.person:
            tables["customers"].append(head)
        tables["payments"] += _payments(order, key)
        if order.fate in MADE:
            tables["shipments"].append({
                **key, "shipped_at": f"{order.later['shipped']:{PLAIN_TIME}}",
                "delivered_at": f"{order.later['delivered']:{PLAIN_TIME}}",
            })  # fmt: skip
            if rng.random() < 0.3:
                tables["reviews"].append({
                    **key, "review_id": f"V{order.number}", "review_score": str(rng.randint(1, 5)),
                    "answered_at": f"{order.later['delivered']:{PLAIN_TIME}}",
                })  # fmt: skip
        returns = _returns(order, key)
        tables["returns"] += [row for row, _ in returns]
        _count_plain(
            sample, order, sum(cents for _, cents in returns),
            paid=total_of(order) if order.fate in (*MADE, CANCELLED) else 0,
        )  # fmt: skip
    for name, key_column in (("products", "product_id"), ("customers", "customer_id")):
        tables[name] = list({row[key_column]: row for row in tables[name]}.values())
    for name, columns in PLAIN_FILES.items():
        write_rows(
            folder / f"{name}.csv",
            ({column: row[column] for column in columns} for row in tables[name]), columns,
        )  # fmt: skip
    return sample


def _payments(order: Order, key: dict[str, str]) -> list[dict[str, str]]:
    """A sale, or a gift card's sale and a card's authorization and capture; failures before it."""
    total, paid_at = total_of(order), f"{order.later['paid']:{PLAIN_TIME}}"
    rows = []
    if order.fate == PENDING:
        rows = [("card", "sale", "failed", total)]
    elif order.has_two_payments:
        rows = [("gift_card", "sale", "succeeded", 500),
                ("card", "authorization", "succeeded", total - 500),
                ("card", "capture", "succeeded", total - 500)]  # fmt: skip
    else:
        rows = [("card", "sale", "succeeded", total)]
    return [
        {
            **key, "payment_id": f"P{order.number}-{place}", "payment_type": way,
            "transaction_kind": kind, "payment_status": status, "paid_amount": money(cents),
            "paid_at": paid_at,
        }
        for place, (way, kind, status, cents) in enumerate(rows)
    ]  # fmt: skip


def _returns(order: Order, key: dict[str, str]) -> list[tuple[dict[str, str], int]]:
    """The lines that came back, each with its cents."""
    rows = []
    for line in order.lines:
        if line.refunded_quantity:
            cents = line.refunded_quantity * piece_of(line)
            row = {
                **key, "return_id": f"R{order.number}", "product_id": line.product.code,
                "quantity": str(line.refunded_quantity), "returned_amount": money(cents),
                "returned_at": f"{order.later['refunded']:{PLAIN_TIME}}",
            }  # fmt: skip
            rows.append((row, cents))
    return rows

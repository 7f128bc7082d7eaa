"""A sample of Shopify's orders export, counted as it is written."""

from __future__ import annotations

import random
from pathlib import Path

from sample_orders import (
    CANCELLED,
    DELIVERED,
    MADE,
    PARTLY,
    PENDING,
    REFUNDED,
    Order,
    Sample,
    make_orders,
    money,
    piece_of,
    total_of,
    write_rows,
)

BERLIN = "Europe/Berlin"
SHOPIFY_HEADER = """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,\
Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,\
Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,\
Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,\
Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1,\
Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,\
Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,\
Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,\
Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,\
Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,\
Duties,Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,\
Next Payment Due At,Payment References\
"""
OFFSET = "%Y-%m-%d %H:%M:%S %z"


def write_shopify(folder: Path, order_count: int, seed: int) -> Sample:
    """Prices include the tax; order columns on the first line; people by e-mail or phone number."""
    rng = random.Random(seed)
    sample = Sample("shopify", BERLIN)
    rows: list[dict[str, str]] = []
    for order in make_orders(order_count, seed, BERLIN):
        tip = 200 if rng.random() < 0.03 else 0
        total = total_of(order) + tip
        refunded = {
            REFUNDED: total, PARTLY: piece_of(order.lines[-1]), CANCELLED: rng.choice((0, total)),
        }.get(order.fate, 0)  # fmt: skip
        status = {DELIVERED: "paid", PENDING: "pending", PARTLY: "partially_refunded"}.get(
            order.fate, "refunded" if refunded else "voided"
        )
        head = _shopify_head(rng, order, total, refunded, status)
        first = len(rows)
        for line in order.lines:
            rows.append({
                **_shopify_line(head, line.product.name, line.quantity, line.product.price),
                # Some products have no SKU.
                "Lineitem sku": "" if line.product.code.endswith("7") else line.product.code,
                "Lineitem discount": money(line.discount),
            })  # fmt: skip
        if rng.random() < 0.02:
            rows.append(_shopify_line(head, "Sample sachet", 1, 0))
            sample.line_kinds["gift"] += 1
        if tip:
            rows.append(_shopify_line(head, "Tip", 1, tip))
        rows[first].update(head)
        sample.line_kinds["sale"] += len(order.lines) + bool(tip)
        sample.count(
            order, order.ordered_at, is_valid=order.fate in MADE,
            merchandise=order.goods, other_lines=tip, shipping=order.shipping,
            tax=total * 19 // 119, discounts=order.discount + order.shipping_discount,
            total=total, refunds=refunded,
        )  # fmt: skip
    write_rows(folder / "orders_export_1.csv", rows, SHOPIFY_HEADER.split(","))
    return sample


def _shopify_head(
    rng: random.Random, order: Order, total: int, refunded: int, status: str
) -> dict[str, str]:
    """The columns of an order, all of which stand on its first line."""
    person = order.person
    zip_code, city, province = person.place if person else ("10115", "Berlin", "BE")
    # Every tenth person buys by phone number, at times without an e-mail.
    has_phone = person is not None and person.number % 10 == 0
    has_email = person is not None and not (has_phone and rng.random() < 0.4)
    # Two stores of one shop count their orders from the same number.
    name = f"#{1000 + order.number // 2}" if order.number % 50 == 1 else f"#{1000 + order.number}"
    ways = "Gift Card + Shopify Payments" if order.has_two_payments else "Shopify Payments"
    return {
        "Name": name,
        "Email": rng.choice((person.email, person.email.upper())) if person and has_email else "",
        "Phone": f"'{person.phone}" if person and has_phone else "",
        "Financial Status": status, "Currency": "EUR", "Created at": f"{order.ordered_at:{OFFSET}}",
        "Paid at": "" if status in ("pending", "voided") else f"{order.later['paid']:{OFFSET}}",
        "Subtotal": money(order.goods - order.discount), "Shipping": money(order.shipping),
        "Taxes": money(total * 19 // 119), "Total": money(total),
        # As in real exports, the discounts of the lines are in it, too.
        "Discount Amount": money(
            order.discount + order.shipping_discount + sum(line.discount for line in order.lines)
        ),
        "Discount Code": "TEN" if order.discount else "", "Payment Method": ways,
        "Refunded Amount": money(refunded), "Id": str(5_000_000_000_000 + order.number),
        "Cancelled at":
            f"{order.later['cancelled']:{OFFSET}}" if order.fate == CANCELLED else "",
        "Shipping Zip": f"'{zip_code}", "Shipping City": city, "Shipping Province": province,
        "Shipping Country": "DE", "Billing Country": "DE", "Source": "web", "Risk Level": "Low",
        "Tax 1 Name": "DE MwSt 19%", "Tax 1 Value": money(total * 19 // 119),
    }  # fmt: skip


def _shopify_line(head: dict[str, str], name: str, quantity: int, price: int) -> dict[str, str]:
    return {
        **{column: head[column] for column in ("Name", "Email", "Created at")},
        "Lineitem name": name, "Lineitem quantity": str(quantity), "Lineitem price": money(price),
        "Lineitem discount": "0.00", "Vendor": "A shop",
    }  # fmt: skip

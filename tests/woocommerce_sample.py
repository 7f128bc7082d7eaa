"""A sample of WooCommerce's export with one row per item, counted as it is written."""

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
    write_rows,
)

BERLIN = "Europe/Berlin"
WOOCOMMERCE_HEADER = """\
order_id,order_number_formatted,order_number,date,status,shipping_total,shipping_tax_total,\
fee_total,fee_tax_total,tax_total,discount_total,order_total,refunded_total,order_currency,\
payment_method,shipping_method,customer_id,billing_first_name,billing_last_name,billing_company,\
billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,\
billing_state,billing_country,shipping_first_name,shipping_last_name,shipping_address_1,\
shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country,\
shipping_company,customer_note,item_id,item_product_id,item_name,item_sku,item_quantity,\
item_subtotal,item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,\
item_meta,shipping_items,fee_items,tax_items,coupon_items,refunds,order_notes,\
download_permissions\
"""


def _tax(cents: int) -> int:
    return (cents * 19 + 50) // 100


def write_woocommerce(folder: Path, order_count: int, seed: int) -> Sample:
    """Tax comes on top; order columns on every row; guests have the customer 0, and no e-mail."""
    rng = random.Random(seed)
    sample = Sample("woocommerce", BERLIN)
    rows: list[dict[str, str]] = []
    for order in make_orders(order_count, seed, BERLIN):
        shares = _split_discount(order)
        totals = [line.amount - share for line, share in zip(order.lines, shares, strict=True)]
        refunds = [total * line.refunded_quantity // line.quantity
                   for line, total in zip(order.lines, totals, strict=True)]  # fmt: skip
        shipping = order.shipping - order.shipping_discount
        fee = 150 if rng.random() < 0.03 else 0
        tax = sum(_tax(total) for total in totals) + _tax(shipping) + _tax(fee)
        total = sum(totals) + shipping + fee + tax
        refunded = {
            REFUNDED: total, PARTLY: sum(refunds) + sum(_tax(refund) for refund in refunds),
        }.get(order.fate, 0)  # fmt: skip
        discount = order.discount + sum(line.discount for line in order.lines)
        head = _woocommerce_head(rng, order) | {
            "shipping_total": money(shipping), "shipping_tax_total": money(_tax(shipping)),
            "fee_total": money(fee), "fee_tax_total": money(_tax(fee)), "tax_total": money(tax),
            "discount_total": money(discount), "order_total": money(total),
            "refunded_total": money(refunded),
        }  # fmt: skip
        for place, line in enumerate(order.lines):
            is_gone = rng.random() < 0.02
            rows.append({
                **head, "item_id": str(len(rows) + 1), "item_name": line.product.name,
                "item_sku": "unknown_product" if is_gone else line.product.code,
                "item_product_id": "0" if is_gone else "77", "item_quantity": str(line.quantity),
                "item_subtotal": money(line.price), "item_subtotal_tax": money(_tax(line.price)),
                "item_total": money(totals[place]), "item_total_tax": money(_tax(totals[place])),
                "item_refunded": money(refunds[place]),
                "item_refunded_qty": str(-line.refunded_quantity),
            })  # fmt: skip
        sample.line_kinds["sale"] += len(order.lines)
        sample.count(
            order, order.ordered_at, is_valid=order.fate in MADE,
            merchandise=sum(totals), other_lines=0, shipping=shipping, fees=fee, tax=tax,
            discounts=discount, total=total, refunds=refunded,
        )  # fmt: skip
    write_rows(folder / "orders-export-2025-01-01.csv", rows, WOOCOMMERCE_HEADER.split(","))
    return sample


def _split_discount(order: Order) -> list[int]:
    """The discount of an order on its lines, by their amounts; to the cent."""
    shares = [order.discount * line.amount // order.goods for line in order.lines]
    shares[0] += order.discount - sum(shares)
    return shares


def _woocommerce_head(rng: random.Random, order: Order) -> dict[str, str]:
    person = order.person
    # Every fourth person has no account, and the others at times buy without signing in.
    is_signed_in = person is not None and person.number % 4 != 0 and rng.random() < 0.9
    zip_code, city, state = person.place if person else ("10115", "Berlin", "BE")
    return {
        "order_id": str(7_000 + order.number), "order_number": str(order.number),
        "date": f"{order.ordered_at:%Y-%m-%d %H:%M:%S}", "order_currency": "EUR",
        "status": {
            DELIVERED: "completed", PARTLY: "completed", REFUNDED: "refunded",
            PENDING: rng.choice(("pending", "on-hold", "failed")), CANCELLED: "cancelled",
        }[order.fate],
        "customer_id": str(person.number) if person and is_signed_in else "0",
        "billing_email": person.email if person else "", "billing_phone": "",
        "payment_method": "stripe + gift card" if order.has_two_payments else "paypal",
        "billing_postcode": zip_code, "billing_city": city, "billing_state": state,
        "billing_country": "DE", "shipping_country": "DE",
    }  # fmt: skip

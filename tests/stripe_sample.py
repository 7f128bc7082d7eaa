"""A sample of Stripe's payments export, counted as it is written."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sample_orders import (
    CANCELLED,
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
STRIPE_HEADER = """\
id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,\
Converted Amount Refunded,Converted Currency,Decline Reason,Description,Fee,Is Link,Mode,\
PaymentIntent ID,Payment Source Type,Refunded date (UTC),Statement Descriptor,Status,\
Seller Message,Taxes On Fee,Card ID,Card Address City,Card Address State,Card Address Country,\
Card Address Zip,Card Brand,Card Funding,Card Issue Country,Card Last4,Customer ID,\
Customer Description,Customer Email,Invoice ID,Transfer\
"""


def write_stripe(folder: Path, order_count: int, seed: int) -> Sample:
    """One row per attempt to pay; failed ones come before the one that succeeds, if one does."""
    rng = random.Random(seed)
    sample = Sample("stripe", "UTC")
    rows: list[dict[str, str]] = []
    for order in make_orders(order_count, seed, BERLIN):
        total = total_of(order)
        failures = rng.choice((1, 2)) if order.fate == PENDING or rng.random() < 0.08 else 0
        attempts = [False] * failures + [True] * (order.fate != PENDING)
        for place, is_paid in enumerate(attempts):
            refunded = 0
            if is_paid:
                refunded = {
                    REFUNDED: total, CANCELLED: total, PARTLY: piece_of(order.lines[-1]),
                }.get(order.fate, 0)  # fmt: skip
            moment = order.ordered_at + timedelta(minutes=5 * (place + 1 - len(attempts)))
            rows.append(_stripe_row(order, len(rows), moment, total, refunded, is_paid=is_paid))
            paid = total if is_paid else 0
            sample.count(
                order, moment.astimezone(UTC), is_valid=is_paid, total=total, paid=paid,
                refunds=refunded,
            )  # fmt: skip
    rows.reverse()  # the dashboard has the latest first
    write_rows(folder / "unified_payments.csv", rows, STRIPE_HEADER.split(","))
    return sample


def _stripe_row(
    order: Order, number: int, moment: datetime, total: int, refunded: int, *, is_paid: bool
) -> dict[str, str]:
    person = order.person
    zip_code, city, state = person.place if person else ("", "", "")
    status = "Failed" if not is_paid else "Refunded" if refunded == total else "Paid"
    refunded_at = f"{order.later['refunded'].astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return {
        "id": f"ch_{number:08d}", "Created date (UTC)":
            f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "Amount": money(total), "Amount Refunded": money(refunded), "Currency": "eur",
        "Converted Amount": money(total), "Converted Amount Refunded": money(refunded),
        "Converted Currency": "eur", "Captured": str(is_paid).lower(), "Mode": "Live",
        "PaymentIntent ID": f"pi_{order.number:08d}", "Payment Source Type": "card",
        "Refunded date (UTC)": refunded_at if refunded else "", "Status": status,
        "Decline Reason": "" if is_paid else "insufficient_funds", "Card Funding": "credit",
        "Card Address City": city, "Card Address State": state, "Card Address Zip": zip_code,
        "Card Address Country": "DE" if person else "", "Card Issue Country": "DE",
        # Every third person pays without an account, and is known by e-mail only.
        "Customer ID": f"cus_{person.number}" if person and person.number % 3 else "",
        "Customer Email": person.email if person else "",
    }  # fmt: skip

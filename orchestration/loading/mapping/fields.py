"""The fields that a mapping may fill, by table, with the kind of value that each holds.

This is the one list: the model of ``shop.yml``, the readers, the guesses and the tables use it.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["text", "email", "phone", "postal_code", "amount", "price", "quantity", "count",
               "timestamp"]  # fmt: skip
TableName = Literal["orders", "lines", "payments", "customers", "products", "reviews", "shipments",
                    "returns"]  # fmt: skip

# What a value becomes. Prices keep six decimals: a shop may sell screws by the thousand.
SQL_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "postal_code": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "price": "DECIMAL(18, 6)",
    "quantity": "DECIMAL(18, 3)",
    "count": "INTEGER",
    "timestamp": "TIMESTAMP",
}

FIELDS: dict[TableName, dict[str, Kind]] = {
    "orders": {
        "order_id": "text",
        "order_number": "text",
        "ordered_at": "timestamp",
        "customer_id": "text",
        "email": "email",
        "phone": "phone",
        "status": "text",
        "currency": "text",
        "subtotal_amount": "amount",
        "shipping_amount": "amount",
        "tax_amount": "amount",
        "fee_amount": "amount",
        "discount_amount": "amount",
        "total_amount": "amount",
        "refunded_amount": "amount",
        "paid_at": "timestamp",
        "cancelled_at": "timestamp",
        "refunded_at": "timestamp",
        "payment_type": "text",
        "postal_code": "postal_code",
        "city": "text",
        "state": "text",
        "country": "text",
    },
    "lines": {
        "order_id": "text",
        "product_id": "text",
        "product_name": "text",
        "category_name": "text",
        "quantity": "quantity",
        "unit_price": "price",
        "line_total": "price",
        "line_discount_amount": "amount",
        "line_tax_amount": "amount",
        "line_refunded_amount": "amount",
        "line_refunded_quantity": "quantity",
    },
    "payments": {
        "payment_id": "text",
        "order_id": "text",
        "payment_type": "text",
        "transaction_kind": "text",
        "payment_status": "text",
        "currency": "text",
        "paid_amount": "amount",
        "refunded_amount": "amount",
        "paid_at": "timestamp",
        "installment_count": "count",
    },
    "customers": {
        "customer_id": "text",
        "email": "email",
        "phone": "phone",
        "postal_code": "postal_code",
        "city": "text",
        "state": "text",
        "country": "text",
    },
    "products": {
        "product_id": "text",
        "product_name": "text",
        "category_name": "text",
        "product_kind": "text",
    },
    "reviews": {
        "review_id": "text",
        "order_id": "text",
        "review_score": "count",
        "sent_at": "timestamp",
        "answered_at": "timestamp",
    },
    "shipments": {
        "order_id": "text",
        "shipped_at": "timestamp",
        "delivered_at": "timestamp",
        "estimated_delivery_date": "timestamp",
    },
    "returns": {
        "return_id": "text",
        "order_id": "text",
        "customer_id": "text",
        "email": "email",
        "product_id": "text",
        "quantity": "quantity",
        "returned_amount": "amount",
        "returned_at": "timestamp",
    },
}

# Without these a row of the table says nothing.
REQUIRED_FIELDS: dict[TableName, tuple[str, ...]] = {
    "orders": ("order_id", "ordered_at"),
    "lines": ("quantity",),
    "payments": ("paid_amount",),
    "customers": (),
    "products": ("product_id",),
    "reviews": ("order_id", "review_score"),
    "shipments": ("order_id",),
    "returns": ("returned_amount", "returned_at"),
}
# Stands for a column that has to be filled in by hand; no file has a column of this name.
PLACEHOLDER = "?"
OPTIONAL_TABLES: tuple[TableName, ...] = (
    "payments", "customers", "products", "reviews", "shipments", "returns",
)  # fmt: skip


def is_optional_table(table: str) -> bool:
    """Whether a mapping may leave a table out.

    Example:
        >>> is_optional_table("reviews"), is_optional_table("lines")
        (True, False)
    """
    return table in OPTIONAL_TABLES

"""The fixed, typed tables that every mapped shop becomes, whatever its files have."""

from __future__ import annotations

import duckdb

TEXT, MONEY, PRICE = "VARCHAR", "DECIMAL(18, 2)", "DECIMAL(18, 6)"
PIECES, MOMENT, WHOLE, FLAG = "DECIMAL(18, 3)", "TIMESTAMP", "BIGINT", "BOOLEAN"

TABLES: dict[str, dict[str, str]] = {
    # Every row of the files that could be read, whatever it is: money is conserved here.
    "ledger_lines": {
        "file_name": TEXT, "sheet_name": TEXT, "row_number": WHOLE, "order_id": TEXT,
        "customer_id": TEXT, "ordered_at": MOMENT, "line_kind": TEXT, "product_id": TEXT,
        "product_name": TEXT, "category_name": TEXT, "product_kind": TEXT, "is_merchandise": FLAG,
        "quantity": PIECES, "unit_price": PRICE, "line_amount": MONEY,
        "line_discount_amount": MONEY, "item_amount": MONEY, "line_tax_amount": MONEY,
        "refunded_amount": MONEY, "refunded_quantity": PIECES,
    },
    # Sales and gifts, after the rule for duplicates.
    "order_lines": {
        "order_id": TEXT, "order_line_number": WHOLE, "customer_id": TEXT, "ordered_at": MOMENT,
        "line_kind": TEXT, "product_id": TEXT, "product_name": TEXT, "product_kind": TEXT,
        "is_merchandise": FLAG, "quantity": PIECES, "unit_price": PRICE, "item_amount": MONEY,
        "line_discount_amount": MONEY, "line_tax_amount": MONEY, "source_line_count": WHOLE,
    },
    # Orders with a sale or a gift; of payments only, one per payment's order.
    "orders": {
        "order_id": TEXT, "order_number": TEXT, "customer_id": TEXT, "order_status": TEXT,
        "ordered_at": MOMENT, "is_valid_order": FLAG, "invalid_reason": TEXT,
        "item_amount": MONEY, "other_amount": MONEY, "order_discount_amount": MONEY,
        "shipping_amount": MONEY, "tax_amount": MONEY, "total_amount": MONEY,
        "expected_total_amount": MONEY, "total_difference_amount": MONEY, "paid_amount": MONEY,
        "refunded_amount": MONEY, "paid_at": MOMENT, "cancelled_at": MOMENT,
        "refunded_at": MOMENT, "payment_type": TEXT, "postal_code": TEXT, "city": TEXT,
        "state": TEXT, "country": TEXT, "line_count": WHOLE, "merchandise_line_count": WHOLE,
        "fee_amount": MONEY, "shipping_discount_amount": MONEY,
    },
    "payments": {
        "payment_id": TEXT, "order_id": TEXT, "payment_number": WHOLE, "payment_type": TEXT,
        "transaction_kind": TEXT, "payment_status": TEXT, "paid_amount": MONEY,
        "refunded_amount": MONEY, "paid_at": MOMENT, "installment_count": WHOLE,
        "is_counted": FLAG,
    },
    "customers": {
        "customer_id": TEXT, "postal_code": TEXT, "city": TEXT, "state": TEXT, "country": TEXT,
    },
    # Contact data lie here and nowhere else.
    "customer_contacts": {"customer_id": TEXT, "email": TEXT, "phone": TEXT},
    "products": {
        "product_id": TEXT, "product_name": TEXT, "category_name": TEXT, "product_kind": TEXT,
        "is_merchandise": FLAG,
    },
    "reviews": {
        "review_id": TEXT, "order_id": TEXT, "review_score": WHOLE, "sent_at": MOMENT,
        "answered_at": MOMENT,
    },
    "shipments": {
        "order_id": TEXT, "shipped_at": MOMENT, "delivered_at": MOMENT,
        "estimated_delivery_date": MOMENT,
    },
    # Amounts and pieces are positive; origin says which part of the files knows of the return.
    "returns": {
        "return_id": TEXT, "line_number": WHOLE, "order_id": TEXT, "customer_id": TEXT,
        "product_id": TEXT, "product_kind": TEXT, "is_merchandise": FLAG, "quantity": PIECES,
        "unit_price": PRICE, "returned_amount": MONEY, "returned_at": MOMENT, "origin": TEXT,
        # What of it is merchandise: a refund of an order gives back shipping and tax, too.
        "merchandise_amount": MONEY,
    },
    "rejected": {
        "table_name": TEXT, "file_name": TEXT, "sheet_name": TEXT, "line_number": WHOLE,
        "column_name": TEXT, "rejected_value": TEXT, "reason_code": TEXT, "reason": TEXT,
        "raw_line": TEXT,
    },
    "findings": {
        "finding_id": TEXT, "finding_count": WHOLE, "finding_amount": MONEY, "message": TEXT,
        "examples": TEXT,
    },
}  # fmt: skip


def create_tables(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Create the tables without rows, in the place of what is there.

    Args:
        connection: writable.
        schema: in which.
    """
    connection.execute(f'create schema if not exists "{schema}"')
    for name, columns in TABLES.items():
        typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f'create or replace table "{schema}".{name} ({typed})')

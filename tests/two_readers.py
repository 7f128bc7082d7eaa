"""One small file of orders, read by the loader of a source of its own and by that of mappings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.loading.load import load_raw_files
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.read import parse_mapping
from orchestration.loading.tables import RawTable

Reader = Callable[..., list[tuple[str, ...]]]
COLUMNS = ("order", "date", "customer", "product", "pieces", "price")
ROWS = [
    ("1", "2024-05-01 10:00:00", "anna", "mug", "2", "3.50"),
    ("2", "2024-05-02 11:00:00", "bert", "pan", "1", "9.00"),
]
SALES = RawTable(
    "sales",
    "sales",
    {"order": "VARCHAR", "customer": "VARCHAR", "product": "VARCHAR", "price": "DECIMAL(18, 2)"},
)
FLAT = """\
version: 1
time_zone: Europe/Berlin
currency: EUR
date_formats: iso
layout: flat_lines
files:
  lines: {path: "sales*"}
orders:
  columns: {order_id: order, ordered_at: date, customer_id: customer}
lines:
  columns: {product_id: product, quantity: pieces, unit_price: price}
"""


def text_of(*rows: tuple[str, ...], end: str = "\n") -> str:
    """The header and rows as they are given, without quotes of our own."""
    return end.join(",".join(row) for row in (COLUMNS, *rows)) + end


def read_by_loader(folder: Path, name: str, content: bytes) -> list[tuple[str, ...]]:
    """Order and product of each row."""
    (folder / name).write_bytes(content)
    with duckdb.connect() as connection:
        load_raw_files(connection, folder, tables=(SALES,))
        return connection.execute(
            'select "order", product from raw.sales order by rowid'
        ).fetchall()


def read_by_mapping(folder: Path, name: str, content: bytes) -> list[tuple[str, ...]]:
    """Order and product of each row."""
    (folder / name).write_bytes(content)
    with duckdb.connect() as connection:
        apply_mapping(connection, folder, parse_mapping(FLAT))
        return connection.execute(
            "select order_id, product_id from raw.ledger_lines order by order_id, product_id"
        ).fetchall()


READERS = (read_by_loader, read_by_mapping)

"""A shop has the capabilities that its tables have rows for, and no others."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.capabilities import CAPABILITIES, find_capabilities
from orchestration.loading.mapping.read import parse_mapping

MAPPING = """\
version: 1
time_zone: UTC
currency: EUR
layout: flat_lines
files:
  lines: {path: "sales.csv"}
orders:
  columns: {order_id: order, ordered_at: date, customer_id: customer}
lines:
  columns: {quantity: pieces, unit_price: price}
"""
SALES = "order,date,customer,product,kind,country,pieces,price\n1,2024-05-01,a,mug,cups,FR,2,3.50\n"


def capabilities(folder, text, sales=SALES, **files):
    (folder / "sales.csv").write_text(sales)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    with duckdb.connect() as connection:
        apply_mapping(connection, folder, parse_mapping(text))
        by_name = find_capabilities(connection, "raw")
    assert list(by_name) == [capability.name for capability in CAPABILITIES]
    return {name for name, has_it in by_name.items() if has_it}


def test_a_shop_of_the_fewest_columns_has_items_only(tmp_path):
    assert capabilities(tmp_path, MAPPING) == {"items"}


@pytest.mark.parametrize(
    ("before", "after", "brought"),
    [
        ("quantity: pieces", "quantity: pieces, product_id: product", {"products"}),
        (
            "quantity: pieces", "quantity: pieces, product_id: product, category_name: kind",
            {"products", "categories"},
        ),
        ("order_id: order", "order_id: order, country: country", {"places"}),
        ("customer_id: customer", "customer_id: nobody", {"guests"}),
    ],
)  # fmt: skip
def test_a_column_brings_its_capability(tmp_path, before, after, brought):
    sales = SALES.replace("order,", "order,nobody,", 1).replace("\n1,", "\n1,,")
    names = capabilities(tmp_path, MAPPING.replace(before, after), sales)
    assert names == {"items"} | brought


def test_a_column_that_is_there_but_empty_brings_nothing(tmp_path):
    text = MAPPING.replace("order_id: order", "order_id: order, country: country")
    assert capabilities(tmp_path, text, SALES.replace("FR", "")) == {"items"}


def test_files_of_their_own_bring_payments_reviews_and_deliveries(tmp_path):
    text = MAPPING.replace(
        'lines: {path: "sales.csv"}',
        "lines: {path: sales.csv}\n  payments: {path: payments.csv}\n"
        "  reviews: {path: reviews.csv}\n  shipments: {path: shipments.csv}",
    ) + (
        "payments: {columns: {order_id: order, paid_amount: paid}}\n"
        "reviews: {columns: {order_id: order, review_score: stars}}\n"
        "shipments: {columns: {order_id: order, delivered_at: arrived}}\n"
    )
    names = capabilities(
        tmp_path, text, payments="order,paid\n1,7.00\n", reviews="order,stars\n1,5\n",
        shipments="order,arrived\n1,2024-05-03\n",
    )  # fmt: skip
    assert names == {"items", "payments", "reviews", "deliveries"}


def test_returns_without_a_moment_are_returns_without_dates(tmp_path):
    sales = SALES.replace("price\n", "price,refunded\n").replace("3.50\n", "3.50,2.00\n")
    text = MAPPING.replace("order_id: order", "order_id: order, refunded_amount: refunded")
    assert capabilities(tmp_path, text, sales) == {"items", "returns"}


def test_returned_lines_are_dated_by_their_own_order(tmp_path):
    text = MAPPING + "rules: [{kind: return, when: {field: quantity, sign: negative}}]\n"
    sales = f"{SALES}2,2024-05-09,a,mug,cups,FR,-1,3.50\n"
    assert capabilities(tmp_path, text, sales) == {"items", "returns", "return_dates"}

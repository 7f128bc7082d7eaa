"""The generated shop of one flat file as tables, for tests of what is planted in it."""

from __future__ import annotations

import duckdb
import numpy as np

from orchestration.sources.shop.demo import generate_demo_shop

ORDERS = 60_000


def open_shop(folder, scenario="loyal_shop", order_count=ORDERS):
    """Generate a shop; its truth becomes tables, and the sales of its file the table items."""
    generate_demo_shop(folder, order_count=order_count, seed=7, scenario=scenario)
    connection = duckdb.connect()
    for name in ("customers", "habits", "orders", "pairs", "products", "returns", "shop", "tastes"):
        connection.execute(f"create table {name} as from '{folder}/truth/{name}.parquet'")
    # One row per order and product of merchandise, of sales.
    connection.execute(
        f"""
        create table items as
        select file.order_id, orders.customer_id, orders.ordered_at, product_id,
            sum(quantity) as quantity,
            sum(quantity * file.unit_price - coalesce(line_discount_amount, 0)) as amount
        from read_csv('{folder}/order_lines.csv', types = {{'order_id': 'VARCHAR'}}) as file
        inner join orders on file.order_id = orders.order_id
        inner join products using (product_id)
        where quantity > 0 and product_kind = 'merchandise'
        group by all
        """
    )
    return connection


def columns(connection, query):
    return [np.array(column) for column in zip(*connection.execute(query).fetchall(), strict=True)]


def one(connection, query):
    ((value,),) = connection.execute(query).fetchall()
    return value

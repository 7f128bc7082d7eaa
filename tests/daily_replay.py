"""Replays the last days of a shop: files as they were known on each day, and mended later.

Run as a program, since dbt keeps its warehouse open for as long as its process lives::

    python tests/daily_replay.py <data folder> <working folder> <first day> <last number> <step>

Every so many days, to the last number, the raw files are loaded and the features are built as of
that day, incrementally.
"""

from __future__ import annotations

import os
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
from dbt.cli.main import dbtRunner
from raw_files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PAYMENTS, PRODUCTS, REVIEWS, SELLERS

from orchestration.loading.load import load_raw_files

STEMS = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "items": ITEMS,
    "payments": PAYMENTS,
    "reviews": REVIEWS,
    "products": PRODUCTS,
    "sellers": SELLERS,
    "geolocation": GEOLOCATION,
}
SELECTED = ["+customer_feature_snapshots", "+customer_labels", "+label_rates", "rfm_snapshots",
            "rfm_migrations", "rfm_frequency_bands", "rfm_segment_rules"]  # fmt: skip
# The orders that corrections are made to: old ones, in an order that has nothing to do with time.
OLD = """(
    select order_id, customer_id, row_number() over (order by md5(order_id)) as number
    from orders where order_purchase_timestamp < '2018-05-01'
)"""
# What is found out late, by the day of the replay: (what, SQL on the tables of all files).
CORRECTIONS: dict[int, tuple[str, str]] = {
    3: ("a payment was mistyped", f"update payments set payment_value = '777.77' "
        f"where order_id in (select order_id from {OLD} where number <= 3)"),
    5: ("an order was another person's", f"update customers set customer_unique_id = "
        f"(select min(customer_unique_id) from customers) "
        f"where customer_id in (select customer_id from {OLD} where number between 4 and 6)"),
    7: ("orders never were", "; ".join(
        f"delete from {table} where order_id in (select order_id from gone)"
        for table in ("items", "payments", "reviews", "orders"))),
    9: ("orders come in two months late", "delete from held_back"),
    11: ("deliveries were at another time", f"update orders set order_delivered_customer_date = "
         f"'2018-06-30 12:00:00' where order_id in (select order_id from {OLD} "
         f"where number between 11 and 14)"),
    13: ("reviews were misread", f"update reviews set review_score = '3' "
         f"where order_id in (select order_id from {OLD} where number between 15 and 40)"),
    15: ("reviews were withdrawn", f"delete from reviews "
         f"where order_id in (select order_id from {OLD} where number between 41 and 60)"),
    17: ("a category got another name", "update products set product_category_name = 'telefonia' "
         "where md5(product_id) < '1'"),
    19: ("sellers had moved", "update sellers set seller_zip_code_prefix = '01001' "
         "where md5(seller_id) < '2'"),
    21: ("a zip prefix was elsewhere", "update geolocation set geolocation_lat = '-10.5' where "
         "geolocation_zip_code_prefix = (select min(customer_zip_code_prefix) from customers)"),
    23: ("orders were canceled in the end", f"update orders set order_status = 'canceled' "
         f"where order_id in (select order_id from {OLD} where number between 61 and 90)"),
    25: ("items were forgotten", "insert into items by name select order_id, '9' as order_item_id, "
         "product_id, seller_id, shipping_limit_date, '5.00' as price, '1.00' as freight_value "
         f"from items where order_item_id = '1' and order_id in "
         f"(select order_id from {OLD} where number between 91 and 99)"),
    27: ("first orders were placed earlier", f"update orders set order_purchase_timestamp = "
         f"'2017-03-03 03:03:03' where order_id in (select order_id from {OLD} "
         f"where number between 100 and 105)"),
}  # fmt: skip


def read_files(data_dir: Path) -> duckdb.DuckDBPyConnection:
    """All files as texts, in memory; some orders are held back to come in late."""
    connection = duckdb.connect()
    for name, stem in STEMS.items():
        connection.execute(
            f"create table {name} as select * from read_csv('{data_dir / stem}.csv', "
            "all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', "
            "parallel = false)"
        )
    connection.execute(
        f"""
        create table gone as select order_id from {OLD} where number between 7 and 10;
        create table held_back as select order_id from orders
        where order_purchase_timestamp between '2018-06-01' and '2018-06-15'
            and md5(order_id) < '4';
        """
    )
    return connection


def write_files_of(
    connection: duckdb.DuckDBPyConnection, day: date, data_dir: Path, folder: Path
) -> None:
    """The files as the shop would have written them on the eve of a day."""
    folder.mkdir(exist_ok=True)
    stamps = ("order_approved_at", "order_delivered_carrier_date", "order_delivered_customer_date")
    masked_stamps = ", ".join(
        f"case when {name} < '{day}' then {name} end as {name}" for name in stamps
    )
    of_known = "order_id in (select order_id from known_orders)"
    connection.execute(
        f"""
        create or replace temp view known_orders as
        select * replace ({masked_stamps}) from orders
        where order_purchase_timestamp < '{day}'
            and order_id not in (select order_id from held_back)
        """
    )
    selects = {
        "orders": "from known_orders order by order_id",
        "customers": "from customers where customer_id in (select customer_id from known_orders) "
        "order by customer_id",
        "items": f"from items where {of_known} order by all",
        "payments": f"from payments where {of_known} order by all",
        "reviews": f"from reviews where {of_known} and review_answer_timestamp < '{day}' "
        "order by all",
    }
    for name, stem in STEMS.items():
        query = selects.get(name, f"from {name} order by all")
        connection.execute(
            f"copy ({query}) to '{folder / stem}.csv' (header, delimiter ',', quote '\"')"
        )
    translation = "product_category_name_translation.csv"
    (folder / translation).write_bytes((data_dir / translation).read_bytes())


def build_features(warehouse: Path, files: Path, day: date, *arguments: str) -> None:
    """Load and `dbt build` without tests, in this process."""
    with duckdb.connect(str(warehouse)) as connection:
        load_raw_files(connection, files)
    os.environ["REGULARS_WAREHOUSE"] = str(warehouse)
    os.environ["REGULARS_AS_OF_DATE"] = str(day)
    os.environ["DBT_TARGET_PATH"] = str(warehouse.parent / "target")
    done = dbtRunner().invoke(
        ["build", "--quiet", "--no-write-json", "--exclude-resource-type", "test", "unit_test",
         *arguments, "--select", *SELECTED]
    )  # fmt: skip
    if not done.success:
        raise SystemExit(f"dbt build as of {day} failed: {done.exception or done.result}")


def replay(data_dir: Path, folder: Path, first: date, last_number: int, step: int) -> None:
    """Build every so many days into ``folder/regulars.duckdb``; number 0 is the first day."""
    connection = read_files(data_dir)
    for number in range(last_number + 1):
        if number in CORRECTIONS:
            connection.execute(CORRECTIONS[number][1])
        if number % step == 0:
            day = first + timedelta(days=number)
            write_files_of(connection, day, data_dir, folder / "files")
            build_features(folder / "regulars.duckdb", folder / "files", day)


if __name__ == "__main__":
    data_text, folder_text, first_text, last_number, step = sys.argv[1:]
    replay(
        Path(data_text),
        Path(folder_text),
        date.fromisoformat(first_text),
        int(last_number),
        int(step),
    )

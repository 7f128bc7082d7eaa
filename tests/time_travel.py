"""The time-travel proof: poison the raw files after a date, rebuild, compare all before it.

A feature as of T may use what was known strictly before T's midnight. So everything that became
known later can be changed in the raw files without moving a cell of any snapshot up to T:
``poison_after`` changes all of it, ``count_differences`` counts the cells that moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from raw_files import CUSTOMERS, ITEMS, ORDERS, PAYMENTS, REVIEWS
from shops import Shop

from orchestration.loading.load import load_raw_files

FILES = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "items": ITEMS,
    "payments": PAYMENTS,
    "reviews": REVIEWS,
}


@dataclass(frozen=True)
class Poison:
    """How many rows each kind of poison touched."""

    later_deliveries: int
    later_statuses: int
    later_reviews: int
    new_reviews: int
    orders_of_old_customers: int
    orders_of_new_customers: int


def load_and_run(shop: Shop, *dbt_arguments: str, **environment: str) -> None:
    """The raw files into the shop's warehouse, then `dbt build` of what is selected, no tests."""
    shop.folder.mkdir(parents=True, exist_ok=True)
    with shop.open(read_only=False) as connection:
        load_raw_files(connection, shop.data_dir)
    shop.run(
        "dbt",
        "build",
        "--exclude-resource-type",
        "test",
        "unit_test",
        *dbt_arguments,
        **environment,
    )


def poison_after(data_dir: Path, poisoned_dir: Path, as_of: date) -> Poison:
    """Copy the raw files of a shop with everything changed that was not known at a date.

    Args:
        data_dir: the nine files.
        poisoned_dir: gets the nine files; those that do not change are links.
        as_of: T; what happened on its midnight or later is changed.
    """
    poisoned_dir.mkdir(parents=True)
    for path in data_dir.glob("*.csv"):
        if path.stem not in FILES.values():
            (poisoned_dir / path.name).symlink_to(path)
    connection = duckdb.connect()
    for name, stem in FILES.items():
        connection.execute(
            f"create table {name} as select * from read_csv('{data_dir / stem}.csv', "
            "all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', "
            "parallel = false)"
        )
    connection.execute(f"set variable t = timestamp '{as_of}'")
    run = connection.execute

    def count(query: str) -> int:
        ((number,),) = run(query).fetchall()
        return int(number)

    at = "try_cast({} as timestamp)".format
    later = "strftime({} + to_hours({}), '%Y-%m-%d %H:%M:%S')".format
    t = "getvariable('t')"
    placed = f"{at('order_purchase_timestamp')} < {t}"
    # Every final status is knowledge of the future: an order placed before T may end in any way.
    later_statuses = count(
        f"""
        update orders set order_status = case hash(order_id) % 4
            when 0 then 'canceled' when 1 then 'unavailable' when 2 then 'delivered'
            else 'shipped' end
        where {placed}
        """
    )
    moved = {}
    for column in (
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
    ):
        moved[column] = count(
            f"""
            update orders set {column} = case hash(order_id, '{column}') % 3
                when 0 then {later(t, "0")}
                when 1 then {later(t, "(hash(order_id) % 2000)::integer")} end
            where {placed} and coalesce({at(column)} >= {t}, true)
            """
        )
    later_reviews = count(
        f"""
        update reviews set review_score = cast(1 + hash(review_id) % 5 as varchar),
            review_comment_title = 'poison',
            review_answer_timestamp = {later(t, "(hash(order_id) % 999)::integer")}
        where coalesce({at("review_answer_timestamp")} >= {t}, false)
        """
    )
    # What was ordered from T on never happened, or was another order: a fifth of it goes.
    run(
        f"""
        create table gone as select order_id, customer_id from orders
        where not ({placed}) and hash(order_id) % 5 = 0
        """
    )
    for name in ("items", "payments", "reviews", "orders"):
        run(f"delete from {name} where order_id in (select order_id from gone)")
    run("delete from customers where customer_id in (select customer_id from gone)")
    run(
        f"""
        create table base as
        select orders.order_id, customers.* from orders
        inner join customers on orders.customer_id = customers.customer_id
        where {placed}
        """
    )
    new_reviews = count(
        f"""
        insert into reviews by name
        select md5(order_id || 'review') as review_id, order_id, '1' as review_score,
            'poison' as review_comment_message,
            {later(t, "0")} as review_creation_date,
            {later(t, "(hash(order_id) % 3)::integer")} as review_answer_timestamp
        from base where hash(order_id, 'r') % 7 = 0
        """
    )
    planted = {}
    for kind, person, share in (
        ("old", "customer_unique_id", 5),
        ("new", "md5(customer_unique_id || 'new')", 20),
    ):
        run(
            f"""
            create or replace table planted as
            select md5(order_id || '{kind}') as order_id,
                md5(customer_id || '{kind}') as customer_id,
                {person} as customer_unique_id, order_id as like_order_id,
                {later(t, "(hash(order_id, 'when') % 3 * 400)::integer")} as ordered_at
            from base where hash(order_id, '{kind}') % {share} = 0
            """
        )
        planted[kind] = count("select count(*) from planted")
        run(
            """
            insert into customers by name
            select customer_id, customer_unique_id, '69900' as customer_zip_code_prefix,
                'rio branco' as customer_city, 'AC' as customer_state from planted;
            insert into orders by name
            select order_id, customer_id, 'delivered' as order_status,
                ordered_at as order_purchase_timestamp, ordered_at as order_approved_at,
                ordered_at as order_delivered_carrier_date,
                ordered_at as order_delivered_customer_date,
                ordered_at as order_estimated_delivery_date from planted;
            insert into payments by name
            select order_id, '1' as payment_sequential, 'voucher' as payment_type,
                '24' as payment_installments, '9999.99' as payment_value from planted;
            insert into items by name
            select planted.order_id, items.order_item_id, items.product_id, items.seller_id,
                items.shipping_limit_date, '5000.00' as price, '4999.99' as freight_value
            from planted inner join items on planted.like_order_id = items.order_id;
            """
        )
    for name, stem in FILES.items():
        run(f"copy {name} to '{poisoned_dir / stem}.csv' (header, delimiter ',', quote '\"')")
    connection.close()
    return Poison(
        later_deliveries=moved["order_delivered_customer_date"],
        later_statuses=later_statuses,
        later_reviews=later_reviews,
        new_reviews=new_reviews,
        orders_of_old_customers=planted["old"],
        orders_of_new_customers=planted["new"],
    )


def count_differences(
    one: Shop, other: Shop, as_of: date, table: str = "features.customer_feature_snapshots"
) -> dict[str, int]:
    """Cells of each column that differ in the snapshots up to a date; rows count as a column.

    Returns:
        Column name to number of cells, only those that differ; empty where all are the same.
    """
    connection = duckdb.connect()
    connection.execute(f"attach '{one.warehouse}' as one (read_only)")
    connection.execute(f"attach '{other.warehouse}' as other (read_only)")
    keys = ("customer_id", "as_of_date")
    columns = [
        row[0]
        for row in connection.execute(f"describe one.{table}").fetchall()
        if row[0] not in keys
    ]
    compared = ", ".join(
        f"count(*) filter (a.{column} is distinct from b.{column})" for column in columns
    )
    (counts,) = connection.execute(
        f"""
        select count(*) filter (a.as_of_date is null or b.as_of_date is null), count(*), {compared}
        from (from one.{table} where as_of_date <= date '{as_of}') as a
        full join (from other.{table} where as_of_date <= date '{as_of}') as b
            on a.customer_id = b.customer_id and a.as_of_date = b.as_of_date
        """
    ).fetchall()
    connection.close()
    assert counts[1] > 0, f"there is no snapshot up to {as_of} to compare"
    counts_by_column = dict(zip(["rows", *columns], [counts[0], *counts[2:]], strict=True))
    return {name: count for name, count in counts_by_column.items() if count}

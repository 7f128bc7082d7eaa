"""What a shop's tables can supply, what lacking each costs, and which key would bring it."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Capability:
    """Something that a source may supply.

    Attributes:
        name: as ``feature_catalog.needs`` has it.
        question: SQL of whether the filled tables have it; ``{}`` stands before a table's name.
        cost: what is left out where it lacks; empty if nothing is.
        remedy: which key of shop.yml brings it, or why none does.
    """

    name: str
    question: str
    cost: str
    remedy: str


CAPABILITIES: tuple[Capability, ...] = (
    Capability(
        "payments", "from {}payments where is_counted",
        "payment types, instalments; an order's amount is merchandise less discounts, not what was "
        "paid",
        "files.payments and payments.columns",
    ),
    Capability(
        "items", "from {}order_lines",
        "baskets, products, rules and recommendations",
        "files.lines and lines.columns, with the layout flat_lines or orders_and_lines",
    ),
    Capability(
        "products", "from {}order_lines where product_id is not null",
        "products, rules and recommendations",
        "lines.columns.product_id",
    ),
    Capability(
        "categories", "from {}products where category_name is not null",
        "figures and features of categories",
        "lines.columns.category_name, or files.products and products.columns.category_name",
    ),
    Capability(
        "reviews", "from {}reviews where review_score is not null",
        "review scores and their features",
        "files.reviews and reviews.columns",
    ),
    Capability(
        "deliveries", "from {}shipments where delivered_at is not null",
        "days to delivery, late deliveries and their features",
        "files.shipments and shipments.columns.delivered_at",
    ),
    Capability(
        "sellers", "from {}orders where false",
        "figures by seller",
        "no key: a mapped shop is its only seller",
    ),
    Capability(
        "places", "from {}orders where coalesce(country, state, city, postal_code) is not null",
        "figures and features by country, state and city",
        "orders.columns.country, state, city or postal_code",
    ),
    Capability(
        "returns", "from {}returns",
        "returned amounts: net amounts equal gross ones",
        "a rule of the kind return, orders.columns.refunded_amount, "
        "lines.columns.line_refunded_amount, or files.returns",
    ),
    Capability(
        "return_dates", "from {}returns where returned_at is not null",
        "features of returns; undated ones count in today's net amounts only",
        "orders.columns.refunded_at, or files.returns and returns.columns.returned_at",
    ),
    Capability(
        "freight", "from {}orders where shipping_amount is not null",
        "the share of freight in the bill",
        "orders.columns.shipping_amount",
    ),
    Capability(
        "installments", "from {}payments where is_counted and installment_count is not null",
        "the feature of instalments",
        "files.payments and payments.columns.installment_count",
    ),
    Capability(
        "approvals", "from {}orders where paid_at is not null",
        "orders that wait for their approval",
        "orders.columns.paid_at",
    ),
    Capability(
        "review_comments", "from {}orders where false",
        "the share of reviews with a comment",
        "no key: a mapping reads no texts of reviews",
    ),
    Capability(
        "coordinates", "from {}orders where false",
        "distances",
        "no key: a mapping reads no coordinates",
    ),
    Capability(
        "guests", "from {}orders where customer_id is null",
        "",
        "customers.guests: kept, where the files have orders without a customer",
    ),
)  # fmt: skip


def find_capabilities(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, bool]:
    """Which capabilities the tables of a mapped shop have; one has what has at least one row.

    Args:
        connection: with the tables that ``apply_mapping`` filled.
        schema: of the tables.

    Returns:
        Whether the shop has it, by the name of each capability, in their order.

    Example:
        >>> from orchestration.loading.mapping.tables import create_tables
        >>> with duckdb.connect() as connection:
        ...     create_tables(connection, "raw")
        ...     _ = connection.execute("insert into raw.orders (country) values ('France')")
        ...     found = find_capabilities(connection, "raw")
        >>> [name for name, has_it in found.items() if has_it]
        ['places', 'guests']
    """
    place = f'"{schema}".'
    answers = ", ".join(
        f"exists ({capability.question.format(place)})" for capability in CAPABILITIES
    )
    (row,) = connection.execute(f"select {answers}").fetchall()
    return {
        capability.name: bool(answer) for capability, answer in zip(CAPABILITIES, row, strict=True)
    }


def record_capabilities(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the capabilities of the loaded shop into ``raw.shop_capabilities``.

    Args:
        connection: a writable one, with the filled tables in schema ``raw``.
    """
    is_supplied = find_capabilities(connection, "raw")
    connection.execute(
        "create or replace table raw.shop_capabilities "
        "(capability varchar, is_supplied boolean, lack varchar, remedy varchar)"
    )
    connection.executemany(
        "insert into raw.shop_capabilities values (?, ?, ?, ?)",
        [
            [capability.name, is_supplied[capability.name], capability.cost, capability.remedy]
            for capability in CAPABILITIES
        ],
    )

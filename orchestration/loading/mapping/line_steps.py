"""The steps from staged lines to the tables of lines: orphans, repetitions, rules, products."""

from __future__ import annotations

import duckdb

from orchestration.loading.mapping.line_tables import (
    create_lines,
    insert_ledger,
    insert_order_lines,
)
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.rule_sql import clean_sql
from orchestration.loading.mapping.staging import (
    Stage,
    rule_column,
    set_aside,
    text_column,
    value_column,
)
from orchestration.sql_text import literal

# No line of a shop has so much money; sums of orders stay within eighteen digits.
MAX_MONEY = 1_000_000_000_000


def stage_products(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage | None
) -> None:
    """The products' own file, each product once, as ``temp.stage_product``."""
    connection.execute(
        """
        create or replace temp table stage_product (
            product_id varchar, product_name varchar, category_name varchar, product_kind varchar
        )
        """
    )
    if stage is None:
        return
    columns = {
        name: value_column(("products", name)) if ("products", name) in stage.fields else "null"
        for name in ("product_id", "product_name", "category_name", "product_kind")
    }
    product_id = clean_sql(columns["product_id"], mapping.products.id_cleaning)
    name = columns["product_name"]
    if name != "null":
        name = clean_sql(name, mapping.products.name_cleaning)
    connection.execute(
        f"""
        insert into temp.stage_product
        select {product_id} as code, {name}, {columns["category_name"]},
            lower({columns["product_kind"]})
        from {stage.name}
        where code is not null
        qualify row_number() over (partition by code order by source_number, position) = 1
        """
    )


def insert_lines(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    stage: Stage,
    line_columns: list[str],
    has_kinds: bool,
) -> None:
    """Judge the lines, and fill ``ledger_lines`` and ``order_lines``.

    Args:
        connection: with the orders of ``create_orders``.
        mapping: with lines.
        schema: of the tables.
        stage: of the lines.
        line_columns: columns of the files, read by rules, that belong to lines.
        has_kinds: whether there is a file of kinds of products.
    """
    assert mapping.lines is not None
    if mapping.layout == "orders_and_lines":
        order_id = value_column(("lines", "order_id"))
        set_aside(
            connection, stage,
            f"{order_id} not in (select order_id from temp.stage_order)", "no_order",
            f"'no order has the id ' || {order_id}",
            column=mapping.columns_of("lines")["order_id"][0], value=order_id,
        )  # fmt: skip
    if mapping.lines.duplicates == "dropped":
        _drop_repeated_lines(connection, stage)
    create_lines(connection, mapping, stage, line_columns)
    price = mapping.money.line_price
    _set_aside_lines(
        connection, mapping, f"line_kind = 'sale' and (quantity <= 0 or {price} < 0)", "no_rule",
        f"'the line has the quantity ' || quantity || ' and the price ' || {price}"
        " || ', and no rule says what that is; add one to rules'",
    )  # fmt: skip
    pieces = "1" if price == "line_total" else "abs(cast(quantity as double))"
    _set_aside_lines(
        connection, mapping,
        f"{pieces} * abs(cast({price} as double)) >= {MAX_MONEY}", "too_large",
        f"'the line has the quantity ' || quantity || ' and the price ' || {price}"
        f" || ', which is more money than the {MAX_MONEY:,} that a line may have'",
    )  # fmt: skip
    insert_ledger(connection, mapping, schema, has_kinds=has_kinds)
    insert_order_lines(connection, mapping, schema)


def _set_aside_lines(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    condition: str,
    code: str,
    reason: str,
) -> None:
    """Move judged lines to the rejected rows; the quantity is to blame unless it is above zero."""
    assert mapping.lines is not None
    ((count,),) = connection.execute(
        f"select count(*) from temp.stage_line where {condition}"
    ).fetchall()
    if not count:
        return
    price = mapping.money.line_price
    given = mapping.columns_of("lines")
    price_column = literal(given[price][0])
    quantity_column = literal(given["quantity"][0]) if "quantity" in given else price_column
    # The stage has the same rows by source and position.
    connection.execute(
        f"""
        insert into temp.stage_rejected
        select 'lines', source_number, position, null,
            if(quantity <= 0, {quantity_column}, {price_column}),
            cast(if(quantity <= 0, quantity, {price}) as varchar), '{code}', {reason}, null
        from temp.stage_line where {condition}
        """
    )
    connection.execute(f"delete from temp.stage_line where {condition}")


def _drop_repeated_lines(connection: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """Set aside lines that are alike, in every column that is read, to one before them."""
    texts = [text_column(where) for where in stage.fields]
    texts += [rule_column(name) for name in stage.columns]
    set_aside(
        connection, stage,
        f"""
        (source_number, position) in (
            select (source_number, position) from {stage.name}
            qualify row_number() over (
                partition by {", ".join(texts)} order by source_number, position
            ) > 1
        )
        """.replace("select (source_number, position)", "select source_number, position"),
        "duplicate", literal("the line repeats one before it"),
    )  # fmt: skip

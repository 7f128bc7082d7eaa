"""Lines of orders: each with its kind, its product and its amount; and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.errors import InputError
from orchestration.loading.mapping.fields import FIELDS, SQL_TYPES
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.rule_sql import (
    MERCHANDISE,
    clean_sql,
    columns_of_rules,
    line_kind_sql,
    product_kind_sql,
)
from orchestration.loading.mapping.staging import Field, Stage, rule_column, value_column
from orchestration.paths import shown_path
from orchestration.sql_text import literal


def create_lines(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    stage: Stage,
    line_columns: Sequence[str],
) -> None:
    """Lines with the columns of their orders and their kind, in ``temp.stage_line``."""
    own: Field = ("orders", "order_id") if mapping.layout == "flat_lines" else ("lines", "order_id")
    fields = []
    for name, kind in FIELDS["lines"].items():
        if name == "order_id":
            continue
        where: Field = ("lines", name)
        value = f"line.{value_column(where)}" if where in stage.fields else "null"
        if name == "quantity" and not mapping.has_quantities:
            value = "1"
        fields.append(f"cast({value} as {SQL_TYPES[kind]}) as {name}")
    orders = [f"stage_order.{name}" for name in FIELDS["orders"] if name != "order_id"]
    rules = []
    for name in dict.fromkeys(columns_of_rules(mapping)):
        owner = "line" if name in stage.columns else "stage_order"
        rules.append(f"{owner}.{rule_column(name)}")
    connection.execute(
        f"""
        create or replace temp table stage_line as
        with lines_of_orders as (
            select
                line.source_number, line.position, stage_order.order_id, stage_order.person_id,
                {", ".join([*orders, *fields, *rules])}
            from {stage.name} as line
            inner join temp.stage_order as stage_order
                on line.{value_column(own)} = stage_order.order_id
        )

        select *, {line_kind_sql(mapping, line_columns)} as line_kind
        from lines_of_orders as stage_line
        """
    )


def read_kinds_file(
    connection: duckdb.DuckDBPyConnection, folder: Path, mapping: ShopMapping
) -> bool:
    """The file of kinds of products as ``temp.stage_kind``, empty where there is none."""
    connection.execute("create or replace temp table stage_kind (code varchar, kind varchar)")
    if mapping.products.kinds_file is None:
        return False
    path = folder / mapping.products.kinds_file
    if not path.is_file():
        raise InputError(
            f"products.kinds_file is {mapping.products.kinds_file!r}, but no such file is in "
            f"{shown_path(folder)}; add it, a CSV file with the columns product_id, product_kind."
        )
    try:
        connection.execute(
            """
            insert into temp.stage_kind
            select upper(trim(product_id)), any_value(lower(trim(product_kind)))
            from read_csv(?, header = true, all_varchar = true)
            where product_id is not null and product_kind is not null
            group by all
            having count(distinct lower(trim(product_kind))) = 1
            """,
            [str(path)],
        )
    except duckdb.Error as error:
        raise InputError(
            f"{shown_path(path.name)}: expected a CSV file with the columns product_id and "
            f"product_kind ({str(error).splitlines()[0]}); mend it."
        ) from error
    return True


def insert_ledger(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str, *, has_kinds: bool
) -> None:
    """Every line with its product, kind of product and amount, into ``ledger_lines``."""
    price = "cast(quantity as decimal(38, 3)) * cast(unit_price as decimal(38, 6))"
    if mapping.money.line_price == "line_total":
        price = "line_total"
    discount = "coalesce(abs(line_discount_amount), 0)"
    item = "line_amount"
    if mapping.money.line_discount == "subtracted":
        item = f"line_amount - if(quantity < 0, -1, 1) * {discount}"
    unit = "unit_price"
    if mapping.money.line_price == "line_total":
        unit = "coalesce(unit_price, line_total / nullif(quantity, 0))"
    has_products = mapping.file_of("products") is not None
    kind = product_kind_sql(mapping, has_kinds_file=has_kinds, has_products=has_products)
    product = clean_sql("product_id", mapping.products.id_cleaning)
    name = clean_sql("product_name", mapping.products.name_cleaning)
    connection.execute(
        f"""
        insert into "{schema}".ledger_lines
        with cleaned as (
            select * replace ({product} as product_id, {name} as product_name)
            from temp.stage_line
        ),

        known as (
            select cleaned.*, stage_kind.kind as listed_kind,
                stage_product.product_kind as stated_kind
            from cleaned
            left join temp.stage_kind as stage_kind
                on upper(cleaned.product_id) = stage_kind.code
            left join temp.stage_product as stage_product
                on cleaned.product_id = stage_product.product_id
        ),

        priced as (
            select *, {kind} as kind_of_product,
                cast(round({price}, 2) as decimal(18, 2)) as line_amount
            from known
        )

        select
            stage_sources.file_name, stage_sources.sheet_name, priced.position, order_id, person_id,
            ordered_at, line_kind, product_id, product_name, category_name, kind_of_product,
            kind_of_product = '{MERCHANDISE}', quantity, {unit}, line_amount,
            line_discount_amount, {item}, line_tax_amount, abs(line_refunded_amount),
            abs(line_refunded_quantity)
        from priced
        left join temp.stage_sources as stage_sources
            on stage_sources.table_name = 'lines'
            and stage_sources.source_number = priced.source_number
        order by priced.source_number, priced.position
        """
    )


def insert_order_lines(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str
) -> None:
    """Sales and gifts, repeated lines summed, kept or dropped as the mapping says."""
    assert mapping.lines is not None
    numbered = "row_number() over (partition by order_id order by place)"
    guests = "" if mapping.customers.guests == "kept" else "and customer_id is not null"
    if mapping.lines.duplicates == "summed":
        lines = """
            select
                order_id, min(place) as place, any_value(customer_id) as customer_id,
                min(ordered_at) as ordered_at, line_kind, product_id,
                arg_min(product_name, place) as product_name,
                any_value(product_kind) as product_kind,
                any_value(is_merchandise) as is_merchandise, sum(quantity) as quantity,
                cast(sum(item_amount) / nullif(sum(quantity), 0) as decimal(18, 6)) as unit_price,
                sum(item_amount) as item_amount,
                sum(line_discount_amount) as line_discount_amount,
                sum(line_tax_amount) as line_tax_amount, count(*) as source_line_count
            from numbered
            group by
                order_id, line_kind, product_id,
                if(product_id is null, coalesce(product_name, ''), null)
        """
    else:
        lines = """
            select *, cast(item_amount / nullif(quantity, 0) as decimal(18, 6)) as net_price,
                1 as source_line_count
            from numbered
        """.replace("net_price", "unit_price").replace(
            "select *,", "select * exclude (unit_price),"
        )
    connection.execute(
        f"""
        insert into "{schema}".order_lines
        with numbered as (
            select *, row_number() over (order by rowid) as place
            from "{schema}".ledger_lines
            where line_kind in ('sale', 'gift') {guests}
        ),

        lines as ({lines})

        select
            order_id, {numbered}, customer_id, ordered_at, line_kind, product_id, product_name,
            product_kind, is_merchandise, quantity, unit_price, item_amount,
            line_discount_amount, line_tax_amount, source_line_count
        from lines
        order by place
        """
    )


def insert_products(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str, *, has_kinds: bool
) -> None:
    """Each product once; its name the one that the mapping chooses, ties by the alphabet."""
    choice = {
        "most_frequent": "count(*) desc, product_name",
        "latest": "max(ordered_at) desc, product_name",
        "first": "min(ordered_at), product_name",
    }[mapping.products.name_choice]
    has_products = mapping.file_of("products") is not None
    kind = product_kind_sql(mapping, has_kinds_file=has_kinds, has_products=has_products)
    connection.execute(
        f"""
        insert into "{schema}".products
        with names as (
            -- Names of other lines than sales are often remarks of the warehouse.
            select product_id, product_name from "{schema}".ledger_lines
            where product_id is not null and product_name is not null
            group by product_id, product_name
            qualify row_number() over (
                partition by product_id
                order by bool_or(line_kind = 'sale') desc,
                    {choice.replace("count(*)", "count(*) filter (line_kind = 'sale')")}
            ) = 1
        ),

        categories as (
            select product_id, category_name from "{schema}".ledger_lines
            where product_id is not null and category_name is not null
            group by product_id, category_name
            qualify row_number() over (
                partition by product_id order by max(ordered_at) desc, category_name
            ) = 1
        ),

        codes as (
            select product_id from "{schema}".ledger_lines where product_id is not null
            union
            select product_id from temp.stage_product
        ),

        known as (
            select
                codes.product_id,
                coalesce(stage_product.product_name, names.product_name) as product_name,
                coalesce(stage_product.category_name, categories.category_name) as category_name,
                stage_product.product_kind as stated_kind, stage_kind.kind as listed_kind
            from codes
            left join names on codes.product_id = names.product_id
            left join categories on codes.product_id = categories.product_id
            left join temp.stage_product as stage_product
                on codes.product_id = stage_product.product_id
            left join temp.stage_kind as stage_kind on upper(codes.product_id) = stage_kind.code
        )

        select product_id, product_name, category_name, {kind}, {kind} = {literal(MERCHANDISE)}
        from known
        order by product_id
        """
    )

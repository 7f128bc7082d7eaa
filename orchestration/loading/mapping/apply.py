"""Applies a mapping: from a folder of files to the fixed tables, all in SQL, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from ml.statements import transaction
from orchestration.errors import InputError
from orchestration.loading.mapping.faults import (
    column_of,
    place_rejected_rows,
    require_few_faults,
    set_aside_bad_values,
    set_aside_gaps,
    set_aside_overlaps,
    source_table,
)
from orchestration.loading.mapping.fields import TableName
from orchestration.loading.mapping.findings import insert_findings
from orchestration.loading.mapping.line_steps import insert_lines, stage_products
from orchestration.loading.mapping.line_tables import (
    insert_products,
    read_kinds_file,
)
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.order_sql import (
    create_orders,
    fill_down,
    find_people,
    name_orders,
    name_payments,
    set_aside_other_currencies,
)
from orchestration.loading.mapping.order_tables import (
    insert_contacts,
    insert_orders,
    insert_payments,
    insert_plain,
)
from orchestration.loading.mapping.return_tables import insert_returns
from orchestration.loading.mapping.rule_sql import columns_of_rules
from orchestration.loading.mapping.sentences import did_you_mean
from orchestration.loading.mapping.staging import (
    Stage,
    create_rejected,
    set_aside,
    stage_table,
    text_column,
    value_column,
)
from orchestration.loading.mapping.tables import TABLES, create_tables
from orchestration.sql_text import literal

PLAIN_TABLES: tuple[TableName, ...] = ("customers", "reviews", "shipments")


@dataclass(frozen=True)
class Applied:
    """What came of a mapping.

    Attributes:
        row_counts: rows of each table.
        files: names of the files and sheets that were read, by table.
        headers: their columns, by table.
    """

    row_counts: dict[str, int]
    files: dict[str, list[str]]
    headers: dict[str, list[list[str]]]


def apply_mapping(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    mapping: ShopMapping,
    *,
    schema: str = "raw",
    max_rejected_rows: int = 0,
) -> Applied:
    """Read a shop's files and fill the fixed tables of a schema; each exists, if only empty.

    Rows never pass through Python. In this order: the files are read as text; the orders' columns
    are filled down; rows without any value, of an order that is read from another file, with a
    value that is none, or in another currency are set aside; lines are brought together to orders,
    and orders to people; rules say what each line is; the tables are filled.

    Args:
        connection: an open, writable DuckDB connection.
        folder: of the shop's files.
        mapping: how to read them.
        schema: for the tables.
        max_rejected_rows: how many faulty rows may be set aside in ``rejected``; those that the
            mapping itself sets aside (overlaps, duplicates, empty rows) do not count.

    Returns:
        What was read, and how many rows each table has.

    Raises:
        InputError: a file, a column or a value is not as the mapping says; nothing is changed.
    """
    with transaction(connection):
        return fill_tables(
            connection, folder, mapping, schema=schema, max_rejected_rows=max_rejected_rows
        )


def fill_tables(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    mapping: ShopMapping,
    *,
    schema: str,
    max_rejected_rows: int,
) -> Applied:
    """What ``apply_mapping`` does, within the transaction of whoever calls it."""
    create_tables(connection, schema)
    stages = _stage(connection, folder, mapping)
    source_table(connection, stages)
    main = stages[mapping.main_table]
    line_columns = stages["lines"].columns if mapping.layout == "orders_and_lines" else []
    if mapping.layout == "flat_lines":
        # Whether a column belongs to the line or to its order is not known: it is the line's.
        line_columns = main.columns
    create_orders(connection, mapping, main)
    _set_aside_orders_without_moment(connection, mapping, main)
    find_people(connection, mapping)
    _note_guests(connection, mapping, main)
    stage_products(connection, mapping, stages.get("products"))
    has_kinds = read_kinds_file(connection, folder, mapping)
    if mapping.layout != "payments_only":
        insert_lines(connection, mapping, schema, stages["lines"], line_columns, has_kinds)
    if "payments" in stages:
        insert_payments(connection, mapping, schema, stages["payments"], line_columns)
    insert_orders(connection, mapping, schema, line_columns)
    insert_products(connection, mapping, schema, has_kinds=has_kinds)
    insert_returns(connection, mapping, schema, stages.get("returns"))
    for table in PLAIN_TABLES:
        if table in stages:
            insert_plain(connection, mapping, schema, table, stages[table])
    insert_contacts(connection, schema)
    place_rejected_rows(connection, stages)
    require_few_faults(connection, stages, max_rejected_rows)
    _insert_rejected(connection, schema)
    insert_findings(connection, mapping, schema, stages)
    _require_rows(connection, schema, main)
    counts = {
        name: connection.execute(f'select count(*) from "{schema}".{name}').fetchall()[0][0]
        for name in TABLES
    }
    _drop_stages(connection)
    return Applied(
        counts,
        {name: [source.name for source in stage.sources] for name, stage in stages.items()},
        {name: stage.headers for name, stage in stages.items()},
    )


def _stage(
    connection: duckdb.DuckDBPyConnection, folder: Path, mapping: ShopMapping
) -> dict[str, Stage]:
    """Read all files, and set aside the rows that cannot be used."""
    create_rejected(connection)
    rule_columns = columns_of_rules(mapping)
    stages: dict[str, Stage] = {}
    for table in mapping.tables():
        is_ruled = table in {mapping.main_table, "lines"}
        stage = stage_table(connection, folder, mapping, table, rule_columns if is_ruled else ())
        stages[table] = stage
        if table == mapping.main_table:
            fill_down(connection, mapping, stage)
            if not mapping.has_order_ids:
                name_orders(connection, mapping, stage)
        set_aside_overlaps(connection, mapping, stage)
        set_aside_bad_values(connection, mapping, stage)
        if table == mapping.main_table and mapping.layout != "payments_only":
            column = value_column(("orders", "order_id"))
            set_aside(
                connection, stage, f"{column} is null", "missing_value",
                literal(
                    "expected the id of an order, found none" if mapping.has_order_ids
                    else "expected the moment of an order, found none"
                ),
                column=column_of(stage, ("orders", "order_id")),
            )  # fmt: skip
        set_aside_gaps(connection, mapping, stage)
        set_aside_other_currencies(connection, mapping, stage)
    _require_rule_columns(mapping, stages)
    return stages


def _require_rule_columns(mapping: ShopMapping, stages: dict[str, Stage]) -> None:
    columns = {name for stage in stages.values() for name in stage.columns}
    header = [name for stage in stages.values() for names in stage.headers for name in names]
    for number, rule in enumerate(mapping.rules, 1):
        for condition in rule.when:
            if condition.column is not None and condition.column not in columns:
                hint = did_you_mean(condition.column, header)
                raise InputError(
                    f"rules[{number}] ({rule.kind}) asks for the column {condition.column!r}, "
                    f"which no file of orders or lines has{hint or ';'} they have: "
                    f"{', '.join(dict.fromkeys(header))}."
                )


def _set_aside_orders_without_moment(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage
) -> None:
    if mapping.layout == "payments_only":
        return
    order_id = value_column(("orders", "order_id"))
    set_aside(
        connection, stage,
        f"{order_id} in (select order_id from temp.stage_order where ordered_at is null)",
        "missing_value", literal("the order has no date"),
        column=mapping.columns_of("orders")["ordered_at"][0],
        value=text_column(("orders", "ordered_at")),
    )  # fmt: skip
    connection.execute("delete from temp.stage_order where ordered_at is null")


def _note_guests(connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage) -> None:
    """Note the rows of guests' orders, where these are left out; the ledger has their lines."""
    if mapping.customers.guests == "kept":
        return
    order_id = name_payments(connection, mapping, stage)
    connection.execute(
        f"""
        insert into temp.stage_rejected
        select '{stage.table}', source_number, position, null, null, null, 'guest',
            'the order ' || {order_id} || ' names no customer, and customers.guests is left_out',
            null
        from {stage.name}
        where {order_id} in (select order_id from temp.stage_order where person_id is null)
        """
    )


def _insert_rejected(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    connection.execute(
        f"""
        insert into "{schema}".rejected
        select
            rejected.table_name, file_name, sheet_name, line_number, column_name, rejected_value,
            reason_code, reason, raw_line
        from temp.stage_rejected as rejected
        left join temp.stage_sources as stage_sources
            on rejected.table_name = stage_sources.table_name
            and rejected.source_number = stage_sources.source_number
        order by rejected.table_name, rejected.source_number, line_number
        """
    )


def _require_rows(connection: duckdb.DuckDBPyConnection, schema: str, stage: Stage) -> None:
    count = connection.execute(f'select count(*) from "{schema}".orders').fetchall()[0][0]
    if count == 0:
        names = ", ".join(source.name for source in stage.sources)
        raise InputError(
            f"{names}: no order is left; expected at least one. {_first_rejected(connection)}See "
            f"that files.{stage.table} names the right file, and that the rules leave some sale."
        )


def _first_rejected(connection: duckdb.DuckDBPyConnection) -> str:
    """Why rows were set aside, by the most frequent reason; nothing where none was."""
    rows = connection.execute(
        """
        select reason_code, count(*) as row_count,
            min_by((line_number, column_name, reason), (source_number, line_number))
        from temp.stage_rejected group by reason_code order by row_count desc, reason_code limit 1
        """
    ).fetchall()
    if not rows:
        return ""
    code, count, (line, column, reason) = rows[0]
    at = f", column {column}" if column else ""
    return f"{count:,} rows were set aside as {code}, the first on line {line}{at}: {reason}. "


def _drop_stages(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "select table_name from duckdb_tables() "
        "where temporary and starts_with(table_name, 'stage_')"
    ).fetchall()
    for (name,) in rows:
        connection.execute(f"drop table temp.{name}")

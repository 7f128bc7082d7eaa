"""Staged rows that cannot be used, set aside with their reason: bad values, gaps, overlaps."""

from __future__ import annotations

import duckdb

from orchestration.errors import InputError
from orchestration.loading.formats import PARQUET
from orchestration.loading.mapping.fields import FIELDS
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.sources import WORKBOOK
from orchestration.loading.mapping.staging import (
    Field,
    Stage,
    set_aside,
    text_column,
    value_column,
)
from orchestration.loading.mapping.value_sql import ValueSql
from orchestration.sql_text import literal

# Rows that are set aside because the mapping says so, or hold nothing: no faults of the files.
BY_RULE = ("blank", "overlap", "duplicate", "guest")


def set_aside_bad_values(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage
) -> None:
    """Rows with a text that is no value of its kind."""
    checked = [where for where in stage.fields if FIELDS[where[0]][where[1]] not in {"text"}]
    if not checked:
        return
    tests = [f"{text_column(where)} is not null and {value_column(where)} is null"
             for where in checked]  # fmt: skip
    counts = connection.execute(
        f"select {', '.join(f'count(*) filter ({test})' for test in tests)} from {stage.name}"
    ).fetchall()[0]
    is_typed = all(source.format in {PARQUET, WORKBOOK} for source in stage.sources)
    values = ValueSql(mapping, is_typed=is_typed)
    for where, test, count in zip(checked, tests, counts, strict=True):
        if count:
            text = text_column(where)
            expected = values.expected(FIELDS[where[0]][where[1]])
            reason = f"'''' || {text} || ''' is no ' || {literal(expected)}"
            column = column_of(stage, where)
            set_aside(connection, stage, test, "bad_value", reason, column=column, value=text)


def set_aside_gaps(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage
) -> None:
    """Rows that lack a value without which they say nothing."""
    for name in mapping.required_fields(stage.table):
        where: Field = (stage.table, name)
        if where in stage.fields:
            set_aside(
                connection, stage, f"{value_column(where)} is null", "missing_value",
                literal("expected a value, found none"), column=column_of(stage, where),
            )  # fmt: skip


def column_of(stage: Stage, where: Field) -> str:
    """The column of a field, as the first file that has one calls it.

    Args:
        stage: with the field.
        where: table and field.
    """
    header = {name for names in stage.headers for name in names}
    return next(name for name in stage.fields[where] if name in header)


def set_aside_overlaps(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stage: Stage
) -> None:
    """Rows of a key that stands in another file, too: all rows of a key come from one file."""
    spec = mapping.file_of(stage.table)
    if spec is None or len(stage.sources) < 2:
        return
    key = _key_columns(mapping, stage, spec.key)
    if not key:
        return
    names = ", ".join(key)
    best = "max" if spec.keep == "last" else "min"
    connection.execute(
        f"""
        create or replace temp table stage_owner as
        select {names}, {best}(source_number) as owner_number from {stage.name}
        group by {names} having min(source_number) < max(source_number)
        """
    )
    joined = " and ".join(f"stage_owner.{name} is not distinct from mine.{name}" for name in key)
    sources = ", ".join(literal(source.name) for source in stage.sources)
    shown = f"concat_ws(', ', {', '.join(f'cast(mine.{name} as varchar)' for name in key)})"
    connection.execute(
        f"""
        insert into temp.stage_rejected
        select '{stage.table}', source_number, position, null, null, {shown}, 'overlap',
            {shown} || ' stands in ' || [{sources}][owner_number + 1] || ', too, and is read there',
            null
        from {stage.name} as mine
        inner join temp.stage_owner as stage_owner on {joined}
        where source_number <> owner_number
        """
    )
    connection.execute(
        f"""
        delete from {stage.name} as mine using temp.stage_owner as stage_owner
        where {joined} and mine.source_number <> stage_owner.owner_number
        """
    )
    connection.execute("drop table temp.stage_owner")


def _key_columns(mapping: ShopMapping, stage: Stage, key: tuple[str, ...] | None) -> list[str]:
    """The staged columns of a key; the order's id, or a table's own, where none is given."""
    own = {
        "payments": ("payment_id",), "customers": ("customer_id",), "products": ("product_id",),
        "reviews": ("review_id",), "returns": ("return_id",),
    }.get(stage.table, ("order_id",))  # fmt: skip
    if stage.table == mapping.main_table and not mapping.has_order_ids:
        own = ("order_id",)
    key_columns = []
    for name in key or own:
        key_columns += [value_column(where) for where in stage.fields if where[1] == name][-1:]
    return key_columns


def place_rejected_rows(connection: duckdb.DuckDBPyConnection, stages: dict[str, Stage]) -> None:
    """Give each rejected row the line on which it stands, and the name of its file."""
    for name, stage in stages.items():
        for number in range(len(stage.sources)):
            lines = stage.row_lines.get(number)
            if lines is None:
                connection.execute(
                    """
                    update temp.stage_rejected set line_number = position + ?
                    where table_name = ? and source_number = ? and line_number is null
                    """,
                    [stage.line_of(number, 0), name, number],
                )
            else:
                connection.execute(
                    """
                    update temp.stage_rejected set line_number = list_extract(?::bigint[], position)
                    where table_name = ? and source_number = ? and line_number is null
                    """,
                    [lines, name, number],
                )


def require_few_faults(
    connection: duckdb.DuckDBPyConnection, stages: dict[str, Stage], max_rejected_rows: int
) -> None:
    """See that no more rows are faulty than may be.

    Args:
        connection: with placed rejected rows.
        stages: by table.
        max_rejected_rows: how many; 0 or more.

    Raises:
        InputError: there are more; the first is named.
    """
    by_rule = ", ".join(f"'{code}'" for code in BY_RULE)
    rows = connection.execute(
        f"""
        select table_name, source_number, line_number, column_name, reason,
            count(*) over () as fault_count
        from temp.stage_rejected where reason_code not in ({by_rule})
        order by table_name <> 'lines', table_name, source_number, line_number limit 1
        """
    ).fetchall()
    if not rows or rows[0][-1] <= max_rejected_rows:
        return
    table, number, line, column, reason, count = rows[0]
    source = stages[table].sources[number]
    at = f", column {column}" if column else ""
    raise InputError(
        f"{source.name}, {source.unit} {line}{at}: {reason}. {count:,} unusable "
        f"row{'s' if count != 1 else ''}, {max_rejected_rows:,} allowed; mend the file or the "
        f"mapping, or set such rows aside with --max-rejected-rows {count}."
    )


def source_table(connection: duckdb.DuckDBPyConnection, stages: dict[str, Stage]) -> None:
    """A small table of the files and sheets, to name them in SQL."""
    connection.execute(
        """
        create or replace temp table stage_sources (
            table_name varchar, source_number integer, file_name varchar, sheet_name varchar
        )
        """
    )
    for name, stage in stages.items():
        for number, source in enumerate(stage.sources):
            connection.execute(
                "insert into temp.stage_sources values (?, ?, ?, ?)",
                [name, number, source.path.name, source.sheet],
            )

"""Amounts of a mapped shop whose decimal mark may part thousands: 1.234 that means 1234."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from orchestration.errors import InputError
from orchestration.loading.finding import counted
from orchestration.loading.formats import PARQUET
from orchestration.loading.mapping.faults import column_of
from orchestration.loading.mapping.fields import FIELDS
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.sources import WORKBOOK
from orchestration.loading.mapping.staging import Field, Stage, text_column
from orchestration.loading.parquet import read_parquet_types
from orchestration.loading.thousands import (
    MarkCounts,
    certain_pattern,
    grouped_pattern,
    mark_counts_sql,
    meant_by,
)
from orchestration.sql_text import literal

# Quantities are not held against it: three decimals are usual for what is weighed.
KINDS = ("amount", "price")


def find_amounts_like_thousands(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stages: dict[str, Stage]
) -> Iterator[tuple[str, int]]:
    """Columns in which most amounts with the decimal mark have exactly three digits behind it.

    Args:
        connection: with the stages and what was set aside of them.
        mapping: which states the decimal mark.
        stages: by table.

    Yields:
        The first such amount with its place, and how many there are.

    Raises:
        InputError: other amounts of the column show that the mark parts thousands.
    """
    mark = mapping.decimal_mark
    for stage in stages.values():
        for where in stage.fields:
            numbers = _sources_of_texts(stage, where)
            if FIELDS[where[0]][where[1]] not in KINDS or not numbers:
                continue
            counts = _count(connection, stage, where, numbers, mark)
            if not counts.is_odd:
                continue
            place, text = _first(connection, stage, where, numbers, mark)
            if counts.is_wrong:
                other = "," if mark == "." else "."
                raise InputError(
                    f"{place}: {text!r} would be read with the decimal mark {mark!r}, but "
                    f"{counted(counts.certain, 'amount')} of the column, such as "
                    f"1{mark}234{other}56, have it between thousands, so it means "
                    f"{meant_by(text, mark)}. State decimal_mark: {other!r} and thousands_mark: "
                    f"{mark!r} in the mapping."
                )
            yield f"{place}: {text}", counts.grouped


def _sources_of_texts(stage: Stage, where: Field) -> list[int]:
    """Numbers of the files in which a field is text, so that the mapping's marks are read."""
    return [
        number
        for number, source in enumerate(stage.sources)
        if source.format != WORKBOOK
        and (
            source.format != PARQUET
            or read_parquet_types(source.path).get(column_of(stage, where)) == "VARCHAR"
        )
    ]


def _rows(stage: Stage, numbers: list[int]) -> str:
    return f"{stage.name} where source_number in ({', '.join(map(str, numbers))})"


def _count(
    connection: duckdb.DuckDBPyConnection,
    stage: Stage,
    where: Field,
    numbers: list[int],
    mark: str,
) -> MarkCounts:
    ((marked, grouped, in_thousandths, certain),) = connection.execute(
        f"select {mark_counts_sql(text_column(where), mark)} from {_rows(stage, numbers)}"
    ).fetchall()
    # Without a thousands mark those are no numbers, and their rows were set aside.
    ((set_aside,),) = connection.execute(
        """
        select count(*) from temp.stage_rejected
        where table_name = ? and column_name = ? and reason_code = 'bad_value'
            and regexp_full_match(rejected_value, ?)
        """,
        [stage.table, column_of(stage, where), certain_pattern(mark)],
    ).fetchall()
    return MarkCounts(marked, grouped, in_thousandths, certain + set_aside)


def _first(
    connection: duckdb.DuckDBPyConnection,
    stage: Stage,
    where: Field,
    numbers: list[int],
    mark: str,
) -> tuple[str, str]:
    """File, line and column of the first amount that may be thousands, and its text."""
    text = text_column(where)
    ((number, position, value),) = connection.execute(
        f"""
        select source_number, position, {text} from {_rows(stage, numbers)}
            and regexp_full_match({text}, {literal(grouped_pattern(mark))})
        order by source_number, position limit 1
        """
    ).fetchall()
    source = stage.sources[number]
    unit = "row" if source.format == PARQUET else "line"
    line = stage.line_of(number, position)
    return f"{source.name}, {unit} {line}, column {column_of(stage, where)}", value

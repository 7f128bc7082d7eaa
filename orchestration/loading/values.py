"""How the values of each type are read, cast, doubted and called."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from orchestration.loading.thousands import meant_by
from orchestration.paths import quoted

TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S"
TEXT = "VARCHAR"
MONEY = "DECIMAL(18, 2)"
# Types that DuckDB casts without a word where it should refuse are read as something wider first:
# 4.6 would become 5, 12.345 would become 12.35, and "018-01-01 0:0:0", a line cut off, the year 18.
# What lies beyond six decimals is noise of binary floats.
WIDE = "DECIMAL(24, 6)"
READ_TYPES = {"INTEGER": WIDE, MONEY: WIDE, "TIMESTAMP": TEXT}
# As databases export it: a T between day and time, a fraction of a second that is 0.
EXPORTED_TIMESTAMP = r"^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.0{1,9})?$"


def _timestamp_text_sql(column: str) -> str:
    """SQL for the text of a timestamp in the one format, whichever a database exported it in."""
    return (
        f'case when length("{column}") > 19 or substr("{column}", 11, 1) = \'T\' '
        f"then regexp_replace(\"{column}\", '{EXPORTED_TIMESTAMP}', '\\1 \\2') "
        f'else "{column}" end'
    )


def cast_sql(column: str, sql_type: str) -> str:
    """SQL that casts a column from the type it is read as."""
    if sql_type == "TIMESTAMP":
        return f"try_strptime({_timestamp_text_sql(column)}, '{TIMESTAMP_FORMAT}')"
    return f'try_cast("{column}" as {sql_type})'


def is_bad_sql(column: str, sql_type: str) -> str:
    """SQL that is true where a column, as it is read, would be changed by its cast."""
    cast, read = cast_sql(column, sql_type), f'"{column}"'
    if sql_type == "DOUBLE":
        return f"not isfinite({read})"
    if sql_type == "TIMESTAMP":  # the text of the timestamp must be the text that was read
        cast, read = f"cast({cast} as varchar)", _timestamp_text_sql(column)
    return f'"{column}" is not null and {cast} is distinct from {read}'


def as_read(text: str, sql_type: str) -> Decimal | str | None:
    """A value as DuckDB has read it, to be told from others."""
    if sql_type == TEXT:
        return text or None
    try:
        if sql_type == "DOUBLE":
            return str(float(text))
        if READ_TYPES[sql_type] == WIDE:
            return Decimal(text).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    except (ValueError, InvalidOperation):
        return None
    return text


def plain_type(sql_type: str) -> str:
    """What a type is called for a person."""
    return {
        "TIMESTAMP": "timestamp like 2018-08-29 15:00:37",
        "INTEGER": "whole number",
        "DOUBLE": "number",
        MONEY: "amount like 58.90",
    }.get(sql_type, sql_type)


def no_value(text: str | None, sql_type: str) -> str:
    """The sentence for a text that is no value of its type.

    Example:
        >>> no_value("1.234", MONEY)
        "'1.234' is no amount like 58.90; if its point parts thousands, write 1234"
    """
    sentence = f"{quoted(text)} is no {plain_type(sql_type)}"
    if sql_type == MONEY and text and (meant := meant_by(text.strip())):
        sentence += f"; if its point parts thousands, write {meant}"
    return sentence

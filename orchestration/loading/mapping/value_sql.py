"""SQL that makes values of texts as a mapping says they are written, and empty where they are not.

A text that is no value of its kind becomes null, and the row is set aside: nothing is guessed.
"""

from __future__ import annotations

import re

from orchestration.loading.mapping.fields import SQL_TYPES, Kind
from orchestration.loading.mapping.model import ShopMapping
from orchestration.sql_text import literal

# A shop's rows are of these years; a year outside is a misread date, such as 0018.
FIRST_YEAR, LAST_YEAR = 1970, 2199
ISO_LOCAL = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f",
)  # fmt: skip
ISO_WITH_OFFSET = (
    "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M%z",
    "%Y-%m-%d %H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S.%f%z",
)  # fmt: skip
# Excel counts days from here, and has a 29th of February 1900.
EXCEL_EPOCH = "timestamp '1899-12-30 00:00:00'"


class ValueSql:
    """How the texts of a file become values: by the mapping, or plainly where the file has types.

    Args:
        mapping: with formats, marks and time zones.
        is_typed: the texts come from values of a Parquet file or a workbook, whose decimal mark
            is a point and whose dates are ISO's.
    """

    def __init__(self, mapping: ShopMapping, *, is_typed: bool) -> None:
        self.mapping = mapping
        self.is_typed = is_typed

    def value(self, text: str, kind: Kind) -> str:
        """SQL of a value.

        Args:
            text: SQL of the text, trimmed, null where nothing stands.
            kind: of value.
        """
        if kind == "email":
            return f"lower({text})"
        if kind == "postal_code":  # an apostrophe keeps spreadsheets from eating zeros
            return f"ltrim({text}, '''')"
        if kind == "phone":
            return f"nullif(regexp_replace(ltrim({text}, ''''), '[^0-9+]', '', 'g'), '')"
        if kind == "text":
            return text
        if kind == "timestamp":
            return self._timestamp(text)
        return self._number(text, SQL_TYPES[kind])

    def _number(self, text: str, sql_type: str) -> str:
        decimal, thousands = self.mapping.decimal_mark, self.mapping.thousands_mark
        plain = r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?"
        number = f"case when regexp_full_match({text}, '{plain}') then {text} end"
        if not self.is_typed:
            mark = re.escape(decimal)
            whole = "[0-9]+"
            if thousands is not None:
                group = "[ \u00a0\u202f]" if thousands == " " else re.escape(thousands)
                whole = f"([0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+)"
            pattern = f"[+-]?{whole}({mark}[0-9]*)?"
            bare = f"regexp_replace({text}, '[^0-9{re.escape(decimal)}+-]', '', 'g')"
            if decimal != ".":
                bare = f"replace({bare}, {literal(decimal)}, '.')"
            number = f"case when regexp_full_match({text}, {literal(pattern)}) then {bare} end"
        if sql_type == "INTEGER":  # a cast would round
            wide = f"try_cast({number} as decimal(24, 6))"
            return f"try_cast(case when {wide} = trunc({wide}) then {wide} end as integer)"
        if sql_type == SQL_TYPES["amount"]:  # binary floats have noise beyond six decimals
            return f"try_cast(round(try_cast({number} as decimal(24, 6)), 2) as {sql_type})"
        return f"try_cast({number} as {sql_type})"

    def _timestamp(self, text: str) -> str:
        formats = list(self.mapping.date_formats)
        if self.is_typed and "iso" not in formats:
            formats.insert(0, "iso")
        tries = [self._by_format(text, date_format) for date_format in formats]
        moment = tries[0] if len(tries) == 1 else f"coalesce({', '.join(tries)})"
        return f"case when year({moment}) between {FIRST_YEAR} and {LAST_YEAR} then {moment} end"

    def _by_format(self, text: str, date_format: str) -> str:
        zone = literal(self.mapping.time_zone)
        if date_format == "iso":
            local = f"try_strptime({text}, {_list(ISO_LOCAL)})"
            with_z = f"regexp_replace({text}, 'Z$', '+00')"
            absolute = f"try_strptime({with_z}, {_list(ISO_WITH_OFFSET)})"
            return f"coalesce({self._local(local)}, timezone({zone}, {absolute}))"
        if date_format == "unix_seconds":
            seconds = f"case when regexp_full_match({text}, '[0-9]{{9,10}}') then {text} end"
            return f"timezone({zone}, to_timestamp(cast({seconds} as double)))"
        if date_format == "excel_serial":
            # Rounded to a second: a serial number has some eleven digits behind its point.
            days = rf"case when regexp_full_match({text}, '[0-9]{{5}}(\.[0-9]+)?') then {text} end"
            seconds = f"cast(round(cast({days} as double) * 86400) as bigint)"
            return self._local(f"{EXCEL_EPOCH} + to_seconds({seconds})")
        parsed = f"try_strptime({text}, {literal(date_format)})"
        if "%z" in date_format or "%Z" in date_format:
            return f"timezone({zone}, {parsed})"
        return self._local(parsed)

    def _local(self, moment: str) -> str:
        """A moment without an offset, moved to the shop's time zone where the files' is another."""
        theirs = self.mapping.time_zone_of_dates
        if theirs is None or theirs == self.mapping.time_zone:
            return moment
        return f"timezone({literal(self.mapping.time_zone)}, timezone({literal(theirs)}, {moment}))"

    def expected(self, kind: Kind) -> str:
        """What a value of a kind looks like here, for errors."""
        if kind == "timestamp":
            formats = ["iso"] if self.is_typed else list(self.mapping.date_formats)
            return f"date as date_formats say ({', '.join(formats)})"
        if kind == "count":
            return "whole number"
        mark = "." if self.is_typed else self.mapping.decimal_mark
        thousands = self.mapping.thousands_mark
        has_thousands = thousands is not None and not self.is_typed
        between = f" and the thousands mark {thousands!r}" if has_thousands else ""
        return f"number with the decimal mark {mark!r}{between}"


def _list(formats: tuple[str, ...]) -> str:
    return "[" + ", ".join(literal(date_format) for date_format in formats) + "]"


def text_of(column: str, stored: str, empty_values: tuple[str, ...]) -> str:
    """SQL of a column as trimmed text, null where nothing stands.

    Args:
        column: SQL of the column.
        stored: its type.
        empty_values: texts that mean nothing.
    """
    text = f"cast({column} as varchar)"
    if stored in {"DOUBLE", "FLOAT"}:  # a whole number with gaps is stored as 17850.0
        text = (
            f"case when isfinite({column}) then "
            f"if({column} = trunc({column}) and abs({column}) < 1e15, "
            f"cast(cast({column} as bigint) as varchar), {text}) end"
        )
    trimmed = f"nullif(trim({text}, ' \t\r\n\u00a0'), '')"
    if not empty_values:
        return trimmed
    nothing = ", ".join(literal(value.strip().lower()) for value in empty_values)
    return f"case when lower({trimmed}) not in ({nothing}) then {trimmed} end"

"""Texts that are no keys, but stand for nothing or were read in a wrong encoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.keys import null_word_sql
from orchestration.loading.lines import POSITION_SQL
from orchestration.loading.values import TEXT

# Words that nobody writes but a program.
PROGRAM_WORDS = frozenset(
    {"null", "nil", "none", "nan", "nat", "na", "n/a", "n/d", "\\n", "undefined", "dbnull",
     "object object"}
)  # fmt: skip
# A larger share of such words in a column is said. (In real files 1 of 40,950 comments is so.)
MAX_SHARE_OF_NULL_WORDS = 0.001
# UTF-8 that was read as Latin-1, or bytes that could not be read at all.
MOJIBAKE = r"[\x{C2}\x{C3}][\x{80}-\x{BF}]|\x{E2}\x{20AC}|\x{FFFD}"


def find_odd_texts(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Columns with words for nothing, and with letters of a wrong encoding.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per column and kind.
    """
    listed = {"order_status", "payment_type", "state"}
    for file in files:
        roles = {column: role for role, column in file.table.roles.items()}
        for column, kind in file.table.columns.items():
            if kind == TEXT and roles.get(column) not in listed:
                yield from _find(connection, file, column)


def _find(connection: duckdb.DuckDBPyConnection, file: RawFile, column: str) -> Iterator[Finding]:
    # Most texts are neither, which is seen at little cost: keys and long texts are no word for
    # nothing, and what has as many bytes as signs is the same in every encoding. They are made null
    # before, not passed over by a case: DuckDB takes what stands in it twice out in front of it.
    total, *counts = connection.execute(
        f"""
        with texts as (
            select "{column}" as text, min(position) as position, count(*) as row_count from (
                select "{column}", {POSITION_SQL} as position from raw.{file.table.name}
            )
            where "{column}" is not null
            group by 1
        ),
        doubted as (
            select
                *,
                case
                    when length(text) < 24 and not regexp_full_match(text, '[a-z0-9]{{12,}}|[0-9]+')
                        then text
                end as short_text,
                case when strlen(text) > length(text) then text end as wide_text
            from texts
        ),
        judged as (
            select
                *,
                {null_word_sql("short_text", PROGRAM_WORDS)} as is_nothing,
                regexp_matches(wide_text, '{MOJIBAKE}') as is_mojibake
            from doubted
        )
        select
            coalesce(sum(row_count), 0)::bigint,
            coalesce(sum(row_count) filter (is_nothing), 0)::bigint,
            min(position) filter (is_nothing), arg_min(text, position) filter (is_nothing),
            coalesce(sum(row_count) filter (is_mojibake), 0)::bigint,
            min(position) filter (is_mojibake), arg_min(text, position) filter (is_mojibake)
        from judged
        """
    ).fetchall()[0]
    count, position, value = counts[:3]
    if count > MAX_SHARE_OF_NULL_WORDS * total:
        yield Finding(
            code="word_for_nothing",
            message=f"{{place}}: {value!r} is a word for nothing, but is kept as a text, as in "
            f"{count:,} of {counted(total, 'row')} with a value.",
            remedy="Export the column with empty fields in place of the word.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=count,
        )
    count, position, value = counts[3:]
    if count > MAX_SHARE_OF_NULL_WORDS * total:
        yield Finding(
            code="wrong_encoding",
            message=f"{{place}}: {value[:60]!r} has letters that were read in a wrong encoding, "
            f"as in {count:,} of {counted(total, 'row')} with a value.",
            remedy="Export the file anew in UTF-8, from where the letters are still right.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=count,
        )

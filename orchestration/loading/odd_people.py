"""Keys that are one but stand there as several, and keys that have lost what told them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.keys import KEY_ROLES, PERSON, cleaned_sql
from orchestration.loading.lines import POSITION_SQL

# A shop with so many orders has somebody who comes back.
MIN_ORDERS = 1_000
# A spreadsheet keeps so many digits of a number, and writes zeros for the others.
KEPT_DIGITS = 15
MIN_ROUNDED = 5
MAX_SHARE_NOT_ROUNDED = 0.1


def find_odd_people(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Keys in two spellings, keys rounded by a spreadsheet, and a shop to which nobody returns.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per column and kind.
    """
    for file in files:
        for role, column in file.table.roles.items():
            if role in KEY_ROLES:
                yield from _rounded(connection, file, column)
            if role == PERSON or any(
                test.kind == "unique" and test.columns == (column,)
                for test in file.table.row_tests
                if role in KEY_ROLES
            ):
                yield from _spellings(connection, file, column)
            if role == PERSON:
                yield from _nobody_returns(connection, file, column)


def _spellings(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str
) -> Iterator[Finding]:
    """Keys that are the same but for case, zeros in front of digits, blanks and unseen signs."""
    clean = f"trim(regexp_replace({cleaned_sql('code')}, '[\\s\\p{{Z}}]+', ' ', 'g'))"
    same = (  # most keys are clean, and seen to be so at less cost
        "case when regexp_full_match(code, '[a-z1-9][0-9a-z]*') then code "
        f"when regexp_full_match({clean}, '0*[0-9]+') then ltrim({clean}, '0') else {clean} end"
    )
    count, spelling_count, position, value, other = connection.execute(
        f"""
        with codes as (
            select code, min(position) as position from (
                select cast("{column}" as varchar) as code, {POSITION_SQL} as position
                from raw.{file.table.name}
            )
            where code is not null
            group by code
        ),
        twins as (
            select
                count(*) as spelling_count, min(position) as first_position,
                list(code order by position) as spellings,
                list(position order by position) as places
            from codes
            group by {same}
            having count(*) > 1
        )
        select
            count(*), sum(spelling_count)::bigint, min(places[2]), arg_min(spellings[2], places[2]),
            arg_min(spellings[1], places[2])
        from twins
        """
    ).fetchall()[0]
    if count:
        yield Finding(
            code="one_key_two_spellings",
            message=f"{{place}}: {value!r} differs from {other!r} only in case, zeros in front, "
            f"blanks or signs that are not seen, but counts as another; "
            f"{counted(spelling_count, 'key')} of the column stand for {count:,} so.",
            remedy="Write each key in one way, such as e-mail addresses in lower case, and load "
            "again.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=spelling_count,
        )


def _rounded(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str
) -> Iterator[Finding]:
    total, count, position, value = connection.execute(
        f"""
        with codes as (
            select
                cast("{column}" as varchar) as code, {POSITION_SQL} as position,
                ltrim(substr(code, {KEPT_DIGITS + 1}), '0') = '' as is_rounded
            from raw.{file.table.name}
        )
        select
            count(distinct code), count(distinct code) filter (is_rounded),
            min(position) filter (is_rounded), arg_min(code, position) filter (is_rounded)
        from codes
        where length(code) > {KEPT_DIGITS} and regexp_full_match(code, '[1-9][0-9]*')
        """
    ).fetchall()[0]
    if count >= MIN_ROUNDED and total - count <= MAX_SHARE_NOT_ROUNDED * total:
        yield Finding(
            code="rounded_keys",
            message=f"{{place}}: {value!r} ends in zeros from its {KEPT_DIGITS + 1}th digit on, as "
            f"do {count:,} of {counted(total, 'long key')}: a spreadsheet has rounded them, and "
            "different keys have become one.",
            remedy="Export the keys as text, from where they were not opened in a spreadsheet.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=count,
        )


def _nobody_returns(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str
) -> Iterator[Finding]:
    order_key = file.table.column_of("order_customer_key")
    same_sql = f'"{column}"::varchar = "{order_key}"::varchar' if order_key else "false"
    ((total, people, same),) = connection.execute(
        f'select count(*), count(distinct "{column}"), count(*) filter ({same_sql}) '
        f"from raw.{file.table.name}"
    ).fetchall()
    if total >= MIN_ORDERS and people == total:
        how = f", the same as {order_key}" if same == total else ""
        yield Finding(
            code="nobody_returns",
            message=f"{file.path.name}, column {column}: each of {counted(total, 'order')} has a "
            f"person of its own{how}, so nobody ever returns.",
            remedy="Fill the column with what stays the same when a person orders again, such as "
            "the account or the e-mail address.",
            file=file,
            column_name=column,
            affected_count=total,
        )

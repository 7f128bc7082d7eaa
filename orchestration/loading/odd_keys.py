"""Keys that name too many, and keys that the files of a shop share but write differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL

MAX_SHARE_OF_ONE_KEY = 0.01
MIN_ORDERS = 1_000
# A larger share of a file's codes without a partner, or of another length than all of its
# partner's, is said.
MAX_UNMATCHED_SHARE = 0.05
# What two ways to write the same code have in common: not case, blanks, a ".0" at the end, signs
# and zeros at the beginning.
PLAIN_SQL = (
    "ltrim(regexp_replace(regexp_replace(lower(trim({0})), '[.]0+$', ''), '[^\\pL\\pN]', '', 'g'),"
    " '0')"
)
AS_TEXT = (
    "Export both files with these codes as text, written in the same way (a spreadsheet drops "
    "zeros at the beginning), and load again."
)


def find_dominant_keys(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """People who hold so many of a large shop's orders that their key may stand for nobody.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per key.
    """
    for file in files:
        person = file.table.column_of("person_key")
        if person is None:
            continue
        rows = connection.execute(
            f"""
            select value, min(position), count(*), any_value(total) from (
                select
                    "{person}" as value, {POSITION_SQL} as position, count(*) over () as total
                from raw.{file.table.name}
            )
            group by value
            having any_value(total) >= {MIN_ORDERS}
                and count(*) > {MAX_SHARE_OF_ONE_KEY} * any_value(total)
            order by 3 desc, 1
            """
        ).fetchall()
        for value, position, count, total in rows:
            yield Finding(
                code="dominant_key",
                message=f"{{place}}: the one key {value!r} holds {count:,} of {total:,} orders "
                f"({count / total:.1%}), so that it may stand for several people or for nobody.",
                remedy="If it is no person (a till, a guest, a reseller), give its orders the keys "
                "of their people or take them out; if it is one, nothing need be done.",
                file=file,
                column_name=person,
                position=position,
                found_value=value,
                affected_count=count,
            )


def find_half_matching_keys(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Codes that another file should have, too, but writes differently or does not have.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        Findings per pair of columns.
    """
    by_table = {file.table.name: file for file in files}
    for file in files:
        for test in file.table.row_tests:
            if test.parent is not None and test.parent[0] in by_table:
                parent = by_table[test.parent[0]]
                yield from _compare(
                    connection, file, test.columns[0], parent, test.parent[1], max_share=0.0
                )
    for parent in files:
        for role in sorted(parent.table.references):
            for file in files:
                column = file.table.column_of(role)
                if file is not parent and column is not None:
                    yield from _compare(
                        connection,
                        file,
                        column,
                        parent,
                        parent.table.roles[role],
                        max_share=MAX_UNMATCHED_SHARE,
                    )


def _compare(
    connection: duckdb.DuckDBPyConnection,
    file: RawFile,
    column: str,
    parent: RawFile,
    parent_column: str,
    *,
    max_share: float,
) -> Iterator[Finding]:
    codes, parents, unmatched, rows, example, example_at, half, half_example, half_at, twin = (
        connection.execute(
            f"""
            with codes as (
                select value as code, min(position) as position, count(*) as row_count from (
                    select cast("{column}" as varchar) as value, {POSITION_SQL} as position
                    from raw.{file.table.name}
                )
                where trim(value) <> ''
                group by value
            ),
            parents as (
                select distinct cast("{parent_column}" as varchar) as code
                from raw.{parent.table.name}
                where trim(code) <> ''
            ),
            plain_parents as (
                select {PLAIN_SQL.format("code")} as plain, min(code) as twin
                from parents group by 1
            ),
            compared as (
                select
                    codes.*, parents.code is null as is_unmatched,
                    case when parents.code is null then plain_parents.twin end as twin
                from codes
                left join parents on codes.code = parents.code
                left join plain_parents
                    on {PLAIN_SQL.format("codes.code")} = plain_parents.plain
            )
            select
                count(*),
                (select count(*) from parents),
                count(*) filter (is_unmatched),
                coalesce(sum(row_count) filter (is_unmatched), 0)::bigint,
                arg_min(code, position) filter (is_unmatched),
                min(position) filter (is_unmatched),
                count(twin),
                arg_min(code, position) filter (twin is not null),
                min(position) filter (twin is not null),
                arg_min(twin, position) filter (twin is not null)
            from compared
            """
        ).fetchall()[0]
    )
    if parents == 0:
        return  # an optional file without rows, or that is not there
    if half:
        yield Finding(
            code="half_matching_keys",
            message=f"{{place}}: {half_example!r} is in no row of {parent.path.name}, which has "
            f"{twin!r}; {half:,} of {counted(codes, 'code')} match only so, and their rows find "
            "nothing there.",
            remedy=AS_TEXT,
            file=file,
            column_name=column,
            position=half_at,
            found_value=half_example,
            affected_count=half,
        )
    if unmatched - half > max_share * codes:
        yield Finding(
            code="unmatched_keys",
            message=f"{{place}}: {example!r} is in no row of {parent.path.name}; {unmatched:,} of "
            f"{counted(codes, 'code')} are not, in {counted(rows, 'row')}, {_loss(parent)}.",
            remedy=f"Export {parent.path.name} whole, or mend the codes.",
            file=file,
            column_name=column,
            position=example_at,
            found_value=example,
            affected_count=unmatched,
        )
    if unmatched > MAX_UNMATCHED_SHARE * codes and not half:
        yield from _compare_lengths(connection, file, column, parent, parent_column)


def _loss(parent: RawFile) -> str:
    """What it means that rows have no partner in a file."""
    if parent.table.column_of("ordered_at"):
        return "and no order means no person: they are in no customer's figures"
    if parent.table.column_of("person_key"):
        return "and nobody is known to have placed them: they are left out"
    return "and what that file would say of them is empty"


def _compare_lengths(
    connection: duckdb.DuckDBPyConnection,
    file: RawFile,
    column: str,
    parent: RawFile,
    parent_column: str,
) -> Iterator[Finding]:
    """Where one file has codes of one length only, few of the other should have another one."""
    here = _lengths(connection, file, column)
    there = _lengths(connection, parent, parent_column)
    if not here or not there or here == there or 1 not in (len(here), len(there)):
        return
    odd_file, odd_column, (length,) = (
        (file, column, there) if len(there) == 1 else (parent, parent_column, here)
    )
    ((total, count, position, example),) = connection.execute(
        f"""
        select
            count(distinct value),
            count(distinct value) filter (length(value) <> {length}),
            min(position) filter (length(value) <> {length}),
            arg_min(value, position) filter (length(value) <> {length})
        from (
            select "{odd_column}" as value, {POSITION_SQL} as position
            from raw.{odd_file.table.name}
        )
        where trim(value) <> ''
        """
    ).fetchall()
    if count <= MAX_UNMATCHED_SHARE * total:
        return
    yield Finding(
        code="key_lengths_differ",
        message=f"{{place}}: {example!r} has {counted(len(example), 'character')}, as "
        f"{count:,} of {counted(total, 'code')} of the column have another length than the "
        f"{length} of all codes in {(parent if odd_file is file else file).path.name}.",
        remedy=AS_TEXT,
        file=odd_file,
        column_name=odd_column,
        position=position,
        found_value=example,
        affected_count=count,
    )


def _lengths(connection: duckdb.DuckDBPyConnection, file: RawFile, column: str) -> set[int]:
    """The lengths that codes have; none where they are numbers, which have any."""
    if file.table.columns[column] != "VARCHAR":
        return set()
    rows = connection.execute(
        f'select distinct length("{column}") from raw.{file.table.name} '
        f"where trim(\"{column}\") <> ''"
    ).fetchall()
    return {length for (length,) in rows}

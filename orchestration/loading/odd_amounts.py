"""Amounts that are off by a factor, of the wrong sign, or all nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from orchestration.loading.files import RawFile, file_with
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL

# What is paid for an order is about its price and freight: the median of the quotient, in each
# direction. (In real files it is 1, and so is the quotient of 98 % of the orders.)
MAX_FACTOR = 1.5
MIN_ORDERS = 20
# An amount so many times the 99th percentile of its column is said. (The largest in the real files
# is 13 times.)
MAX_TIMES_PERCENTILE = 100
MONEY_ROLES = ("item_price", "paid_amount")
# Whose sums are wrong if they are.
EACH_ROLE = (*MONEY_ROLES, "item_freight")


def find_odd_amounts(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Columns of amounts that cannot all be right.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per column and kind.
    """
    for file in files:
        for role in EACH_ROLE:
            column = file.table.column_of(role)
            if column is not None:
                if role in MONEY_ROLES:
                    yield from _nothing_paid(connection, file, column)
                yield from _huge(connection, file, column)
    items = file_with(files, "item_price")
    payments = file_with(files, "paid_amount")
    if items is not None and payments is not None:
        yield from _factor(connection, items, payments)


def _nothing_paid(
    connection: duckdb.DuckDBPyConnection, file: RawFile, column: str
) -> Iterator[Finding]:
    ((total, negative, zero),) = connection.execute(
        f'select count("{column}"), count(*) filter ("{column}" < 0), '
        f'count(*) filter ("{column}" = 0) from raw.{file.table.name}'
    ).fetchall()
    for count, kind in ((negative, "below 0"), (zero, "0")):
        if count > total / 2:
            yield Finding(
                code="amounts_without_worth",
                message=f"{file.path.name}, column {column}: {count:,} of "
                f"{counted(total, 'amount')} are {kind}.",
                remedy="Export the amounts as what customers pay, above 0; only what is paid back "
                "is below.",
                file=file,
                column_name=column,
                affected_count=count,
            )


def _huge(connection: duckdb.DuckDBPyConnection, file: RawFile, column: str) -> Iterator[Finding]:
    percentile, count, position, value = connection.execute(
        f"""
        with amounts as (
            select "{column}" as amount, {POSITION_SQL} as position from raw.{file.table.name}
        ),
        usual as (
            select quantile_disc(abs(amount), 0.99) as percentile from amounts where amount <> 0
        ),
        huge as (
            select amounts.*, percentile from amounts cross join usual
            where abs(amount) > {MAX_TIMES_PERCENTILE} * percentile::double
        )
        select
            any_value(percentile), count(*), min(position),
            cast(arg_min(amount, position) as varchar)
        from huge
        """
    ).fetchall()[0]
    if count:
        yield Finding(
            code="huge_amount",
            message=f"{{place}}: {value} is over {MAX_TIMES_PERCENTILE} times what 99 % of the "
            f"amounts stay below ({percentile}), as are {counted(count, 'amount')} of the column.",
            remedy="Mend the amount, or take the row out of the file.",
            file=file,
            column_name=column,
            position=position,
            found_value=value,
            affected_count=count,
        )


def _factor(
    connection: duckdb.DuckDBPyConnection, items: RawFile, payments: RawFile
) -> Iterator[Finding]:
    order_key, price = items.table.roles["order_key"], items.table.roles["item_price"]
    freight = items.table.column_of("item_freight")
    worth = f'"{price}" + coalesce("{freight}", 0)' if freight else f'"{price}"'
    paid = payments.table.roles["paid_amount"]
    ((count, quotient),) = connection.execute(
        f"""
        with worths as (
            select "{order_key}" as order_key, sum({worth}) as worth
            from raw.{items.table.name} group by 1
        ),
        paids as (
            select "{payments.table.roles["order_key"]}" as order_key, sum("{paid}") as paid
            from raw.{payments.table.name} group by 1
        )
        select count(*), median(paid::double / worth::double)
        from worths join paids using (order_key)
        where worth > 0 and paid > 0
        """
    ).fetchall()
    if count >= MIN_ORDERS and not 1 / MAX_FACTOR <= quotient <= MAX_FACTOR:
        yield Finding(
            code="amounts_off_by_a_factor",
            message=f"{payments.path.name}, column {paid}: half of {counted(count, 'order')} are "
            f"paid with {quotient:,.4g} times their price and freight in {items.path.name} or "
            "more; the two files may be in different units, such as cents.",
            remedy=f"Export {paid}, {price} and the freight in one unit, such as 58.90.",
            file=payments,
            column_name=paid,
            found_value=f"{quotient:.4g}",
            affected_count=count,
        )

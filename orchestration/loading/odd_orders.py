"""Orders without a row in a file that should have one for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from orchestration.loading.files import RawFile, file_with
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL
from orchestration.loading.lists import listed_values

# A larger share of orders that count but lack their rows is said. (In real files 8 of 98,207
# have no item, 0.008 %.)
MAX_SHARE_WITHOUT_ROWS = 0.002
MAX_WITHOUT_ROWS = 3


def find_orders_without_rows(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile]
) -> Iterator[Finding]:
    """Orders that count but have no row in a file that should have one for each, as if it were cut.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.

    Yields:
        A finding per file.
    """
    orders = file_with(files, "ordered_at")
    if orders is None:
        return
    roles = orders.table.roles
    status = roles.get("order_status")
    void = sorted(listed_values("order_statuses", "order_status", is_valid_order="false"))
    is_void = f'list_contains(?, lower(trim("{status}")))' if status else "len(?) < 0"
    for file in files:
        key = file.table.column_of("order_key")
        if file is orders or key is None or file.table.is_optional:
            continue
        total, missing, position, value, last = connection.execute(
            f"""
            with orders as (
                select
                    {POSITION_SQL} as position, "{roles["order_key"]}" as key,
                    "{roles["ordered_at"]}" as ordered_at,
                    not coalesce({is_void}, false) as is_counted
                from raw.{orders.table.name}
            ),
            matched as (
                select orders.*, rows.key is not null as has_rows from orders
                left join (select distinct "{key}" as key from raw.{file.table.name}) as rows
                    on orders.key = rows.key
            )
            select
                count(*) filter (is_counted), count(*) filter (is_counted and not has_rows),
                min(position) filter (is_counted and not has_rows),
                arg_min(key, position) filter (is_counted and not has_rows),
                max(ordered_at) filter (has_rows)
            from matched
            """,
            [void],
        ).fetchall()[0]
        if missing > max(MAX_WITHOUT_ROWS, MAX_SHARE_WITHOUT_ROWS * total):
            yield Finding(
                code="orders_without_rows",
                message=f"{{place}}: the order {value!r} has no row in {file.path.name}; "
                f"{missing:,} of {counted(total, 'order')} have none. The last order with one is "
                f"of {last}.",
                remedy=f"{file.path.name} may have been cut off: export it whole and load again.",
                file=orders,
                column_name=roles["order_key"],
                position=position,
                found_value=value,
                affected_count=missing,
            )

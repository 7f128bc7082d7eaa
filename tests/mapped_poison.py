"""The time-travel proof of a shop with a mapping: poison what comes after a date, build, compare.

Like ``time_travel`` for raw files, on the tables that a mapping fills: orders, lines and returns.
"""

from __future__ import annotations

from pathlib import Path

from shops import Shop

from orchestration.loading.tables import mapped_source

SOURCE = mapped_source() or ""
POISON = """
    update raw.orders
    set is_valid_order = not is_valid_order, invalid_reason = 'poison', cancelled_at = ordered_at,
        order_discount_amount = 1000, postal_code = 'poison', country = 'poison'
    where ordered_at >= {day};
    update raw.order_lines set quantity = quantity + 3, item_amount = item_amount * 7 + 1
    where ordered_at >= {day};
    update raw.ledger_lines set quantity = quantity + 3, item_amount = item_amount * 7 + 1
    where ordered_at >= {day};
    delete from raw.returns where returned_at >= {day} and line_number = 1;
    update raw.returns set returned_amount = returned_amount * 9, merchandise_amount = 99
    where returned_at >= {day};
    insert into raw.returns (
        return_id, line_number, customer_id, product_id, quantity, unit_price, returned_amount,
        returned_at, origin, merchandise_amount
    )
    select 'poison ' || order_id, order_line_number, customer_id, product_id, quantity, unit_price,
        item_amount, {day}, 'line', item_amount
    from raw.order_lines where ordered_at < {day} and customer_id is not null;
    insert into raw.orders
    select * replace ('poison ' || order_id as order_id, {day} as ordered_at)
    from raw.orders where ordered_at < {day};
"""


def run_mapped_dbt(shop: Shop, *command: str) -> None:
    """A bare dbt on a mapped shop's warehouse."""
    shop.run("dbt", *command, REGULARS_SOURCE=SOURCE)


def count_cells_moved_by_poison(shop: Shop, folder: Path) -> tuple[int, int]:
    """Poison all from the middle snapshot's date on in a copy, and build its features again.

    Args:
        shop: with features; it is left as it is.
        folder: for the copy.

    Returns:
        Rows of feature snapshots that are not as before, up to the date and after it.
    """
    days = shop.rows(
        "select as_of_date from features.as_of_dates where is_snapshot_date order by as_of_date"
    )
    (day,) = days[len(days) // 2]
    poisoned = shop.copy_to(folder)
    with poisoned.open(read_only=False) as connection:
        connection.execute(POISON.format(day=f"timestamp '{day}'"))
    run_mapped_dbt(poisoned, "run", "--full-refresh", "--select", "+customer_feature_snapshots")
    with poisoned.open() as connection:
        connection.execute(f"attach '{shop.warehouse}' as before (read_only)")
        mine, theirs = (
            f"select * from {place}features.customer_feature_snapshots where as_of_date"
            for place in ("", "before.")
        )
        (before, after) = (
            connection.execute(
                f"select count(*) from ("
                f"({mine} {side} date '{day}' except all {theirs} {side} date '{day}') union all "
                f"({theirs} {side} date '{day}' except all {mine} {side} date '{day}'))"
            ).fetchall()[0][0]
            for side in ("<=", ">")
        )
    return int(before), int(after)

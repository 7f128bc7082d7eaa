"""What was understood of a shop's files: the figures that `regulars check` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb

from orchestration.loading.mapping.capabilities import find_capabilities
from orchestration.loading.mapping.faults import BY_RULE
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.totals import Totals, compare_totals

EXAMPLE_COUNT = 5
# Sums of orders, in the order in which they are printed, each as SQL over one order.
AMOUNTS: dict[str, str] = {
    "merchandise": "item_amount",
    "other lines": "other_amount",
    "shipping": "shipping_amount",
    "fees": "fee_amount",
    "tax": "tax_amount",
    "discounts": "order_discount_amount + coalesce(shipping_discount_amount, 0)",
    "total": "total_amount",
    "paid": "paid_amount",
}
# Findings that stand elsewhere in an understanding.
TOLD_ELSEWHERE = (
    "guest_orders", "invalid_orders", "summed_lines", "returns_without_moment", "total_differences",
)  # fmt: skip
REPETITIONS = {
    "summed_lines": "lines summed with another of their order and product",
    "rejected_duplicate": "lines dropped that repeat one before them",
    "rejected_overlap": "rows whose order another file has, too",
}


@dataclass(frozen=True)
class Example:
    """An order as it will stand in ``canonical.orders``.

    Attributes:
        order_id: its id.
        customer_id: the person, none for guests.
        ordered_at: in the shop's time zone.
        order_status: as the files have it.
        invalid_reason: why it is not valid; none if it is.
        item_amount: merchandise.
        other_amount: lines that are no merchandise.
        order_amount: what was paid, or the merchandise less discounts.
    """

    order_id: str
    customer_id: str | None
    ordered_at: datetime
    order_status: str | None
    invalid_reason: str | None
    item_amount: Decimal | None
    other_amount: Decimal | None
    order_amount: Decimal | None


@dataclass(frozen=True)
class SetAside:
    """Rows that were set aside for one reason.

    Attributes:
        reason_code: of the reason.
        row_count: how many.
        is_fault: whether a build refuses such rows unless they are allowed.
        example: the first of them, with its place.
    """

    reason_code: str
    row_count: int
    is_fault: bool
    example: str


@dataclass(frozen=True)
class Understanding:
    """What was understood of a shop's files.

    Attributes:
        order_count: all orders.
        valid_count: those that are valid.
        customer_count: people with an order.
        guest_order_count: orders without a person.
        first_ordered_at: moment of the first order.
        last_ordered_at: moment of the last order.
        amounts: sums over all orders and over valid ones, by name; none where nothing is stated.
            Refunds have one sum: which order a returned line undoes is not looked for here.
        invalid_reasons: why orders are not valid, the most frequent first.
        line_kinds: how many lines are of each kind.
        repetitions: how much stands in the files more than once, by kind of repetition.
        set_aside: rows that were set aside.
        totals: how far the orders' totals agree with their parts.
        capabilities: what the shop can supply.
        examples: of each frequent sort of order one, until there are five.
        findings: sentences about the rest, with count and examples.
    """

    order_count: int
    valid_count: int
    customer_count: int
    guest_order_count: int
    first_ordered_at: datetime
    last_ordered_at: datetime
    amounts: dict[str, tuple[Decimal | None, Decimal | None]]
    invalid_reasons: list[tuple[str, int]]
    line_kinds: list[tuple[str, int]]
    repetitions: dict[str, int]
    set_aside: list[SetAside]
    totals: Totals
    capabilities: dict[str, bool]
    examples: list[Example]
    findings: list[str]


def understand(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str = "raw"
) -> Understanding:
    """Sum up what ``apply_mapping`` made of a shop's files.

    Args:
        connection: with the filled tables.
        mapping: that was applied.
        schema: of the tables.
    """
    capabilities = find_capabilities(connection, schema)
    ((orders, valid, people, guests, first, last),) = connection.execute(
        f"""
        select count(*), count(*) filter (is_valid_order), count(distinct customer_id),
            count(*) filter (customer_id is null), min(ordered_at), max(ordered_at)
        from "{schema}".orders
        """
    ).fetchall()
    return Understanding(
        order_count=orders,
        valid_count=valid,
        customer_count=people,
        guest_order_count=guests,
        first_ordered_at=first,
        last_ordered_at=last,
        amounts=_sum_amounts(connection, schema),
        invalid_reasons=connection.execute(
            f"""
            select invalid_reason, count(*) as order_count from "{schema}".orders
            where not is_valid_order group by invalid_reason order by order_count desc, 1
            """
        ).fetchall(),
        line_kinds=connection.execute(
            f"""
            select line_kind, count(*) as line_count from "{schema}".ledger_lines
            group by line_kind order by line_count desc, 1
            """
        ).fetchall(),
        repetitions=_count_repetitions(connection, schema),
        set_aside=_list_set_aside(connection, schema),
        totals=compare_totals(connection, mapping, schema),
        capabilities=capabilities,
        examples=_choose_examples(connection, mapping, schema, capabilities["payments"]),
        findings=_list_findings(connection, schema),
    )


def order_amount_sql(mapping: ShopMapping, *, has_payments: bool) -> str:
    """SQL of an order's amount: what was paid, else the merchandise less discounts on it.

    Args:
        mapping: that says whether a discount is in the lines already.
        has_payments: whether the shop states payments.
    """
    if has_payments:
        return "coalesce(paid_amount, 0)"
    if mapping.money.order_discount == "included":
        return "item_amount"
    return "item_amount - coalesce(order_discount_amount, 0)"


def _sum_amounts(
    connection: duckdb.DuckDBPyConnection, schema: str
) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    sums = ", ".join(
        f"sum({amount}), sum({amount}) filter (is_valid_order)" for amount in AMOUNTS.values()
    )
    (row,) = connection.execute(f'select {sums} from "{schema}".orders').fetchall()
    ((returned,),) = connection.execute(
        f'select sum(returned_amount) from "{schema}".returns'
    ).fetchall()
    amounts = {name: row[2 * place : 2 * place + 2] for place, name in enumerate(AMOUNTS)}
    return {**amounts, "refunds": (returned, None)}


def _count_repetitions(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, int]:
    counts = dict(
        connection.execute(f'select finding_id, finding_count from "{schema}".findings').fetchall()
    )
    return {words: counts[name] for name, words in REPETITIONS.items() if name in counts}


def _list_set_aside(connection: duckdb.DuckDBPyConnection, schema: str) -> list[SetAside]:
    by_rule = ", ".join(f"'{code}'" for code in BY_RULE)
    rows = connection.execute(
        f"""
        select
            reason_code, count(*) as row_count, reason_code not in ({by_rule}) as is_fault,
            min_by(
                reason || ' (' || concat_ws(
                    ', ', file_name, 'sheet ' || sheet_name, 'line ' || line_number,
                    'column ' || column_name
                ) || ')',
                (table_name, file_name, sheet_name, line_number)
            )
        from "{schema}".rejected
        group by reason_code
        order by is_fault desc, row_count desc, reason_code
        """
    ).fetchall()
    return [SetAside(*row) for row in rows]


def _choose_examples(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str, has_payments: bool
) -> list[Example]:
    rows = connection.execute(
        f"""
        with sorts as (
            select
                *, {order_amount_sql(mapping, has_payments=has_payments)} as order_amount,
                row(
                    invalid_reason, customer_id is null, other_amount <> 0,
                    order_discount_amount > 0, refunded_amount > 0
                ) as sort,
                count(*) over (partition by sort) as sort_size,
                row_number() over (partition by sort order by ordered_at desc, order_id) as place
            from "{schema}".orders
        )

        select
            order_id, customer_id, ordered_at, order_status, invalid_reason, item_amount,
            other_amount, order_amount
        from sorts
        order by place, sort_size desc, order_id
        limit {EXAMPLE_COUNT}
        """
    ).fetchall()
    return [Example(*row) for row in rows]


def _list_findings(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        f"""
        select finding_id, finding_count, message, examples from "{schema}".findings
        where not starts_with(finding_id, 'lines_') or finding_id = 'lines_of_price_zero'
        """
    ).fetchall()
    return [
        f"{count:,} {message}: {examples}{', ...' if count > EXAMPLE_COUNT else ''}"
        for name, count, message, examples in rows
        if name not in TOLD_ELSEWHERE and not name.startswith(("rejected_", "files_"))
    ]

"""Whether the orders' totals agree with their parts, and which settings would make more agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from orchestration.loading.mapping.model import ShopMapping

# A setting is worth naming if it makes so many more of the orders agree.
WORTH_NAMING = 0.05


@dataclass(frozen=True)
class Totals:
    """How far the totals agree.

    Attributes:
        order_count: orders that state a total and have lines.
        agreeing_count: of which so many have lines + shipping + fees + tax - discount = total,
            within ``money.tolerance_amount``.
        difference_amount: total less its parts, summed over the others.
        better: keys of ``money`` with the values under which more would agree; empty if none.
        better_count: how many would agree then.
    """

    order_count: int
    agreeing_count: int
    difference_amount: Decimal
    better: dict[str, str] = field(default_factory=dict)
    better_count: int = 0

    @property
    def share(self) -> float:
        """Of orders that agree, from 0 to 1; 1 where no order states a total."""
        return self.agreeing_count / self.order_count if self.order_count else 1.0


def compare_totals(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, schema: str
) -> Totals:
    """Compare the totals with their parts, as the mapping has it and with other settings.

    Args:
        connection: with the tables that ``apply_mapping`` filled.
        mapping: that was applied.
        schema: of the tables.
    """
    if mapping.layout == "payments_only":
        return Totals(0, 0, Decimal(0))
    options = _list_options(mapping)
    rows = _count_agreeing(connection, mapping, schema, options)
    if not rows:
        return Totals(0, 0, Decimal(0))
    count, agreeing, amount = rows[0][4:]
    difference = Decimal(amount).quantize(Decimal("0.01"))
    # Of equal ones the one with the fewest changes.
    *chosen, _, best, _ = max(rows, key=lambda row: (row[5], -sum(map(bool, row[:4]))))
    if best - agreeing < WORTH_NAMING * count:
        return Totals(count, agreeing, difference)
    better = {
        name: values[place]
        for (name, values), place in zip(options.items(), chosen, strict=True)
        if place
    }
    return Totals(count, agreeing, difference, better, best)


def _list_options(mapping: ShopMapping) -> dict[str, list[str]]:
    """What the settings may be, by their key; the mapping's own first."""
    money = mapping.money
    discounts = ("subtracted", "with_lines", "included")
    return {
        "line_price": [money.line_price, _other(money.line_price, "unit_price", "line_total")],
        "line_discount": [
            money.line_discount, _other(money.line_discount, "subtracted", "included"),
        ],
        "order_discount": [
            money.order_discount,
            *(column for column in discounts if column != money.order_discount),
        ],
        "prices_include_tax": ["true", "false"] if money.prices_include_tax else ["false", "true"],
    }  # fmt: skip


def _count_agreeing(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    options: dict[str, list[str]],
) -> list[tuple[int, ...]]:
    """Of each choice, by the places of its options: orders, those that agree, the difference."""
    order_discounts = options["order_discount"]
    tax_on_top = f"tax = {options['prices_include_tax'].index('false')}"
    off_lines = f"discount_choice = {options['line_discount'].index('subtracted')}"
    tolerance = mapping.money.tolerance_amount
    return connection.execute(
        f"""
        with lines as (
            select
                order_id,
                sum(line_amount) as amount_0,
                sum({_other_price(mapping)}) as amount_1,
                sum(
                    if(quantity < 0, -1, 1) * coalesce(abs(line_discount_amount), 0)
                ) as line_discount
            from "{schema}".ledger_lines
            where line_kind = 'sale'
            group by order_id
        ),

        choices as (
            select price, line_discount as discount_choice, order_discount, tax
            from range(2) as prices(price), range(2) as line_discounts(line_discount),
                range(3) as order_discounts(order_discount), range(2) as taxes(tax)
        ),

        compared as (
            select
                choices.*,
                coalesce(orders.order_discount_amount, 0)
                    + coalesce(orders.shipping_discount_amount, 0)
                    + {"lines.line_discount" if order_discounts[0] == "with_lines" else "0"}
                    as stated_discount,
                orders.total_amount - (
                    if(choices.price = 0, lines.amount_0, lines.amount_1)
                    - if({off_lines}, lines.line_discount, 0)
                    + coalesce(orders.shipping_amount, 0) + coalesce(orders.fee_amount, 0)
                    + if({tax_on_top}, coalesce(orders.tax_amount, 0), 0)
                    - case order_discount
                        when {order_discounts.index("subtracted")} then stated_discount
                        when {order_discounts.index("with_lines")}
                            then greatest(0, stated_discount - lines.line_discount)
                        else 0
                    end
                ) as difference
            from "{schema}".orders as orders
            inner join lines on orders.order_id = lines.order_id
            cross join choices
            where orders.total_amount is not null
        )

        select
            price, discount_choice, order_discount, tax, count(*),
            count(*) filter (abs(difference) <= {tolerance}),
            coalesce(
                sum(difference) filter (abs(difference) > {tolerance}), 0
            )
        from compared
        group by price, discount_choice, order_discount, tax
        order by price, discount_choice, order_discount, tax
        """
    ).fetchall()


def _other(value: str, first: str, second: str) -> str:
    return second if value == first else first


def _other_price(mapping: ShopMapping) -> str:
    """SQL of a line's amount, if its price were of the line instead of a piece, or the reverse."""
    if mapping.money.line_price == "unit_price":
        return "unit_price * sign(quantity)"
    return "cast(line_amount as decimal(38, 2)) * quantity"

"""What a mapping found in the files that a person should know: counted, with a sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from orchestration.loading.mapping.history import find_order_range
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.odd_marks import find_amounts_like_thousands
from orchestration.loading.mapping.staging import Stage
from orchestration.loading.odd_keys import MAX_SHARE_OF_ONE_KEY, MIN_ORDERS
from orchestration.sql_text import literal

EXAMPLE_COUNT = 5
# Of a shop's orders: people who buy most have 1 % (at a wholesaler) to 4 % (at a small shop).
MAX_SHARE_OF_A_PERSON = 0.05
# And few have so many times as many as the next.
MAX_TIMES_THE_NEXT = 5


@dataclass(frozen=True)
class Question:
    """Something to count.

    Attributes:
        name: of the finding.
        rows: SQL of one row per thing: ``example``, ``amount``, ``weight`` (how many things it
            stands for) and ``place`` (by which the first examples are chosen).
        message: what they are.
    """

    name: str
    rows: str
    message: str


def insert_findings(
    connection: duckdb.DuckDBPyConnection,
    mapping: ShopMapping,
    schema: str,
    stages: dict[str, Stage],
) -> None:
    """Fill ``findings``, each with up to five examples; one that counts nothing is left out.

    Args:
        connection: with the filled tables and the stages.
        mapping: that was applied.
        schema: of the tables.
        stages: by table.

    Raises:
        InputError: amounts would be read with a decimal mark that parts thousands.
    """
    questions = [
        *_about_orders(mapping, schema), *_about_dates(connection, schema),
        *_about_people(schema), *_about_lines(schema), *_about_money(schema),
        *_about_marks(connection, mapping, stages),
        *_about_rejected(connection, schema), *_about_kinds(connection, schema),
        *_about_files(stages),
    ]  # fmt: skip
    for question in questions:
        connection.execute(
            f"""
            insert into "{schema}".findings
            select {literal(question.name)}, sum(weight), sum(amount), {literal(question.message)},
                array_to_string(min_by(example, place, {EXAMPLE_COUNT}), ', ')
            from ({question.rows})
            having sum(weight) > 0
            """
        )


def _rows(
    source: str, example: str, amount: str = "null", weight: str = "1", place: str | None = None
) -> str:
    return (
        f"select cast({example} as varchar) as example, cast({amount} as decimal(18, 2)) as "
        f"amount, {weight} as weight, {place or example} as place from {source}"
    )


def _about_orders(mapping: ShopMapping, schema: str) -> Iterator[Question]:
    orders = f'"{schema}".orders'
    tolerance = mapping.money.tolerance_amount
    yield Question(
        "guest_orders", _rows(f"{orders} where customer_id is null", "order_id", "item_amount"),
        "orders of guests, who are counted in no customer mart",
    )  # fmt: skip
    unlisted = f"{orders} where contains(invalid_reason, 'which the mapping does not list')"
    yield Question(
        "unlisted_statuses",
        _rows(f"{unlisted} group by order_status", "order_status", weight="count(*)"),
        "orders with a status that orders.statuses do not list, so they are not valid",
    )
    yield Question(
        "invalid_orders", _rows(f"{orders} where not is_valid_order", "order_id", "item_amount"),
        "orders that are not valid",
    )  # fmt: skip
    if mapping.layout != "payments_only":
        yield Question(
            "orders_without_lines",
            _rows(f"{orders} where line_count = 0", "order_id", "total_amount"),
            "orders without lines",
        )
    yield Question(
        "total_differences",
        _rows(
            f"{orders} where abs(total_difference_amount) > {tolerance}",
            "order_id || ' (' || total_difference_amount || ')'", "total_difference_amount",
            place="(-abs(total_difference_amount), order_id)",
        ),
        f"orders whose total differs from lines, shipping, fees, tax and discount by more than "
        f"{tolerance}",
    )  # fmt: skip
    yield Question(
        "conflicting_rows", _rows("temp.stage_order where is_conflicting", "order_id"),
        "orders whose rows disagree about an amount or the customer; the first row counts",
    )  # fmt: skip
    yield Question(
        "shared_keys",  # the keys themselves are contact data
        _rows("temp.stage_shared_keys", "key_name || ' of ' || person_count || ' people'",
              place="-person_count"),
        "keys, such as e-mails, of several people; they join nobody",
    )  # fmt: skip


def _about_dates(connection: duckdb.DuckDBPyConnection, schema: str) -> Iterator[Question]:
    """Orders dated so far away from the others that they do not move the end of the data."""
    ((count,),) = connection.execute(f'select count(*) from "{schema}".orders').fetchall()
    if count == 0:
        return
    first, last = find_order_range(connection, schema)
    yield Question(
        "far_dates",
        _rows(
            f"\"{schema}\".orders where cast(ordered_at as date) not between date '{first}' and "
            f"date '{last}'",
            "order_id || ' of ' || cast(ordered_at as date)", place="(ordered_at, order_id)",
        ),
        f"orders dated far from the others, which are from {first} to {last}; a slip of the date, "
        "or of its format",
    )  # fmt: skip


def _about_people(schema: str) -> Iterator[Question]:
    """One customer with too many orders for a person; or none with two."""
    people = (
        f'select customer_id, count(*) as order_count from "{schema}".orders '
        "where customer_id is not null group by customer_id"
    )
    ranked = (
        "select *, sum(order_count) over () as total, coalesce(nth_value(order_count, 2) over "
        "(order by order_count desc, customer_id rows between unbounded preceding and unbounded "
        f"following), 0) as second_count from ({people})"
    )
    yield Question(
        "dominant_customer",
        _rows(
            f"({ranked}) as people where total >= {MIN_ORDERS} and ("
            f"order_count > {MAX_SHARE_OF_A_PERSON} * total "
            f"or order_count > {MAX_SHARE_OF_ONE_KEY} * total "
            f"and order_count > {MAX_TIMES_THE_NEXT} * second_count)",
            # Which customer it is may be contact data.
            "'one has ' || order_count || ' of ' || total", weight="order_count",
            place="(-order_count, customer_id)",
        ),
        "orders of a customer who has far more than anybody else: a till, a marketplace or a "
        "placeholder rather than a person",
    )  # fmt: skip
    yield Question(
        "nobody_returns",
        f"select count(*) || ' orders' as example, null as amount, count(*) as weight, 1 as place "
        f"from ({people}) having count(*) >= {MIN_ORDERS} and max(order_count) = 1",
        "customers, each with one order: nobody ever returns; see that customers.keys name what "
        "stays the same when a person orders again",
    )


def _about_lines(schema: str) -> Iterator[Question]:
    yield Question(
        "lines_of_price_zero",
        _rows(f"\"{schema}\".ledger_lines where line_kind = 'sale' and line_amount = 0",
              "order_id || coalesce(' (' || product_id || ')', '')"),
        "sale lines without money that no rule calls gifts",
    )  # fmt: skip
    yield Question(
        "summed_lines",
        _rows(f'"{schema}".order_lines where source_line_count > 1',
              "order_id || coalesce(' (' || product_id || ')', '')",
              weight="source_line_count - 1", place="-source_line_count"),
        "lines that were summed with another of the same order and product",
    )  # fmt: skip


def _about_money(schema: str) -> Iterator[Question]:
    yield Question(
        "payments_without_order",
        _rows(
            f"""
            "{schema}".payments
            where order_id is null or order_id not in (select order_id from temp.stage_order)
            """,
            "coalesce(order_id, payment_id, 'payment ' || payment_number)", "paid_amount",
        ),
        "payments of no order that is there",
    )  # fmt: skip
    yield Question(
        "returns_without_moment",
        _rows(f'"{schema}".returns where returned_at is null', "coalesce(order_id, return_id)",
              "returned_amount"),
        "returns that no column dates; they count in today's net amounts and in no feature",
    )  # fmt: skip


def _about_marks(
    connection: duckdb.DuckDBPyConnection, mapping: ShopMapping, stages: dict[str, Stage]
) -> Iterator[Question]:
    odd = list(find_amounts_like_thousands(connection, mapping, stages))
    if not odd:
        return
    values = ", ".join(
        f"({place}, {literal(example)}, {count})" for place, (example, count) in enumerate(odd)
    )
    yield Question(
        "amounts_like_thousands",
        _rows(f"(values {values}) as odd(place_of_column, example_text, amount_count)",
              "example_text", weight="amount_count", place="place_of_column"),
        f"amounts with exactly three digits behind the decimal mark {mapping.decimal_mark!r}, "
        "which may part thousands; if it does, state decimal_mark and thousands_mark",
    )  # fmt: skip


def _about_rejected(connection: duckdb.DuckDBPyConnection, schema: str) -> Iterator[Question]:
    codes = connection.execute(
        f'select distinct reason_code from "{schema}".rejected order by all'
    ).fetchall()
    for (code,) in codes:
        yield Question(
            f"rejected_{code}",
            _rows(
                f"\"{schema}\".rejected where reason_code = '{code}'",
                "concat_ws(', ', file_name, 'sheet ' || sheet_name, 'line ' || line_number)",
                place="(file_name, sheet_name, line_number)",
            ),
            f"rows set aside in rejected, reason {code}",
        )


def _about_kinds(connection: duckdb.DuckDBPyConnection, schema: str) -> Iterator[Question]:
    kinds = connection.execute(
        f'select distinct line_kind from "{schema}".ledger_lines order by all'
    ).fetchall()
    for (kind,) in kinds:
        yield Question(
            f"lines_{kind}",
            _rows(f"\"{schema}\".ledger_lines where line_kind = '{kind}'", "order_id",
                  "line_amount", place="rowid"),
            f"lines of the kind {kind}",
        )  # fmt: skip


def _about_files(stages: dict[str, Stage]) -> Iterator[Question]:
    for name, stage in stages.items():
        if len(stage.sources) > 1:
            files = ", ".join(
                f"({number}, {literal(source.name)})" for number, source in enumerate(stage.sources)
            )
            yield Question(
                f"files_{name}",
                _rows(f"(values {files}) as files(place_of_file, name)", "name",
                      place="place_of_file"),
                f"files or sheets of {name}",
            )  # fmt: skip
